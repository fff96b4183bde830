using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Controller.Anchors;

/// <summary>
/// An anchor over gRPC and TLS. The publisher's key is the client key; the server's must be a tls key of the newest
/// epoch of a chain that was verified from the genesis: at first contact any is accepted to fetch that chain, and
/// nothing else, over it (V63). Thread-safe. Owns its channel.
/// </summary>
internal sealed class GrpcAnchorPublisher : IAnchorPublisher, IAsyncDisposable
{
    private const long ClockDelta = 5_000; // before an epoch states the segment's own (trust 4.2)
    private const uint LeavesPage = 500;
    private const int LeavesMax = 1_000_000;
    private readonly IPEndPoint _endpoint;
    private readonly SegmentChain _chain;
    private readonly Digest _publisher;
    private readonly TlsIdentity _identity;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _gate = new(1);
    private AnchorClient? _client;
    private volatile bool _hasFailed;
    private volatile bool _isBehind;

    /// <summary>An anchor at <paramref name="endpoint"/>; nothing is connected yet.</summary>
    public GrpcAnchorPublisher(
        IPEndPoint endpoint, SegmentChain chain, Digest publisher, TlsIdentity identity, TimeProvider time)
    {
        _endpoint = endpoint;
        _chain = chain;
        _publisher = publisher;
        _identity = identity;
        _time = time;
    }

    /// <inheritdoc/>
    public string Address => _endpoint.ToString();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _chain.Release(Address);
        if (_client is { } client)
        {
            await client.DisposeAsync().ConfigureAwait(false);
        }

        _gate.Dispose();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<PublishReport> PublishAsync(
        IReadOnlyList<SignedEntry> entries, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var client = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        var request = new PublishRequest { Genesis = WireWriter.ToBytes(_chain.Genesis) };
        request.Entries.AddRange(entries.Select(ToMessage));
        using var call = client.Publish(request, cancellationToken);
        while (await Guard(call.ResponseStream.MoveNext(cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            var report = ToReport(call.ResponseStream.Current);

            // An epoch that is not known here may allow less than the one that is.
            _isBehind |= report.Refusal?.StartsWith(
                nameof(VerificationFailure.PolicyOutOfRange), StringComparison.Ordinal) == true;
            yield return report;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StateLeaf>> ReadStateAsync(
        bool withSources, CancellationToken cancellationToken)
    {
        var client = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        var leaves = new List<StateLeaf>();
        var after = (Class: 0u, Name: string.Empty);
        var last = after;
        while (true)
        {
            var request = new StateRequest
            {
                Genesis = WireWriter.ToBytes(_chain.Genesis),
                AfterClass = after.Class,
                AfterName = after.Name,
                Limit = LeavesPage,
                Publisher = WireWriter.ToBytes(_publisher),
                Sources = withSources,
            };
            var page = await Guard(client.StateAsync(request, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            if (!page.Credential.IsEmpty && after.Name.Length == 0)
            {
                leaves.Add(new(LeafClass.Credential, page.Credential.Memory));
            }

            foreach (var leaf in page.Leaves)
            {
                var entry = EntryOf(leaf);
                if (Compare(entry, last) <= 0 || leaves.Count == LeavesMax)
                {
                    throw new AnchorFailureException("its state has no order or no end");
                }

                last = entry;
                after = (leaf.Class, leaf.Name);
                leaves.Add(Read(leaf));
            }

            if (!page.More || page.Leaves.Count == 0)
            {
                return leaves;
            }
        }
    }

    private static StateLeaf Read(Protocol.V1.StateLeaf leaf) => new((LeafClass)leaf.Class, leaf.Leaf.Memory)
    {
        Source = leaf.Source is { } signed && WireReader.TryRead(signed, out var source, out _) ? source : null,
        Slices = leaf.Slices.Count <= Limits.Slices ? [.. leaf.Slices.Select(slice => slice.Memory)] : [],
    };

    // Leaves are listed by entry: what was withdrawn stands where it stood, though its leaf is named `class/name`.
    private static (uint Class, string Name) EntryOf(Protocol.V1.StateLeaf leaf)
    {
        var slash = leaf.Name.IndexOf('/', StringComparison.Ordinal);
        return (LeafClass)leaf.Class == LeafClass.Withdrawn && slash > 0
            && uint.TryParse(
                leaf.Name.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? (number, leaf.Name[(slash + 1)..])
                : (leaf.Class, leaf.Name);
    }

    private static int Compare((uint Class, string Name) left, (uint Class, string Name) right) =>
        left.Class != right.Class ? left.Class.CompareTo(right.Class) : string.CompareOrdinal(left.Name, right.Name);

    private static Entry ToMessage(SignedEntry entry)
    {
        var message = new Entry { Type = entry.Type, Document = WireWriter.ToMessage(entry.Document) };
        message.Slices.AddRange(entry.Slices.Select(slice => UnsafeByteOperations.UnsafeWrap(slice)));
        return message;
    }

    private static PublishReport ToReport(PublishEvent message) => message.KindCase switch
    {
        PublishEvent.KindOneofCase.Accepted => new((int)message.Index, AnchorFate.Accepted, null),
        PublishEvent.KindOneofCase.Sealed => new((int)message.Index, AnchorFate.Sealed, null),
        PublishEvent.KindOneofCase.Refused =>
            new((int)message.Index, AnchorFate.Refused,
                Printable($"{message.Refused.Failure}: {message.Refused.Detail}")),
        _ => throw new AnchorFailureException("its report says nothing"),
    };

    private static string Printable(string text)
    {
        const int textMax = 300;
        var head = text.Length > textMax ? text[..textMax] : text;
        return string.Concat(head.Select(c => c is >= ' ' and <= '~' ? c : '?'));
    }

    // A fresh connection proves itself before it is used for anything but that; so does one whose segment moved on.
    private async Task<AnchorClient> ConnectAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isBehind && !_hasFailed && _client is { } known)
            {
                _isBehind = false;
                await LearnAsync(known, cancellationToken).ConfigureAwait(false);
            }

            if (!_hasFailed && _client is { } client && _chain.Held is { } held && client.Require(held) is null)
            {
                return client;
            }

            if (_client is { } old)
            {
                _client = null;
                _chain.Release(Address);
                await old.DisposeAsync().ConfigureAwait(false);
            }

            _client = await OpenAsync(cancellationToken).ConfigureAwait(false);
            _hasFailed = false;
            return _client;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<AnchorClient> OpenAsync(CancellationToken cancellationToken)
    {
        var client = new AnchorClient(IpEndpoint.Of(_endpoint.Address, _endpoint.Port), _identity, _time);
        try
        {
            await LearnAsync(client, cancellationToken).ConfigureAwait(false);
            return _chain.Claim(Address, client.ServerKey) is not { } other
                ? client
                : throw new AnchorFailureException(
                    $"the anchor that answers at {other} answers here too; name each anchor once");
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // The epochs that this anchor knows and that are not known here.
    private async Task LearnAsync(AnchorClient client, CancellationToken cancellationToken)
    {
        var fetch = ChainFetch.RunAsync(
            client, _chain.Genesis, _chain.Held, null, null, null, _time, ClockDelta, cancellationToken);
        var (fetched, refusal) = await Guard(fetch, cancellationToken).ConfigureAwait(false);
        _chain.Offer(fetched?.Segment ?? throw new AnchorFailureException(
            Printable($"{refusal}; is the address that of an anchor of this segment?")));
    }

    private async Task<T> Guard<T>(Task<T> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call.ConfigureAwait(false);
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RpcException failure)
        {
            // It may come back as another process with another key: the next call begins with a proof again. One that
            // says no is there, and so are the other calls over its connection.
            var refusal = RpcFailures.Read(failure);
            if (refusal is null && failure.StatusCode != StatusCode.InvalidArgument)
            {
                _hasFailed = true;
                _chain.Release(Address);
            }

            var reason = refusal?.ToString() ?? $"{failure.StatusCode}: {failure.Status.Detail}";
            throw new AnchorFailureException(Printable(reason), failure);
        }
    }
}
