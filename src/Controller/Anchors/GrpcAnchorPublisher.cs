using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Controller.Anchors;

/// <summary>
/// An anchor over gRPC and TLS. The publisher's key is the client key; the server's must be a tls key of the newest epoch of a
/// chain that was verified from the genesis: at first contact any is accepted to fetch that chain, and nothing else, over it
/// (V63). Thread-safe. Owns its channel.
/// </summary>
internal sealed class GrpcAnchorPublisher : IAnchorPublisher, IAsyncDisposable
{
    private const uint EpochsPage = Limits.PageEpochs;
    private const int EpochsMax = 4_096;
    private const uint LeavesPage = 500;
    private const int LeavesMax = 1_000_000;
    private readonly SegmentChain _chain;
    private readonly Digest _publisher;
    private readonly TlsIdentity _identity;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _gate = new(1);
    private RpcChannel? _channel;
    private volatile bool _hasFailed;

    /// <summary>An anchor at <paramref name="endpoint"/>; nothing is connected yet.</summary>
    public GrpcAnchorPublisher(
        IPEndPoint endpoint, SegmentChain chain, Digest publisher, TlsIdentity identity, TimeProvider time)
    {
        Address = endpoint.ToString();
        _chain = chain;
        _publisher = publisher;
        _identity = identity;
        _time = time;
    }

    /// <inheritdoc/>
    public string Address { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_channel is { } channel)
        {
            await channel.DisposeAsync().ConfigureAwait(false);
        }

        _gate.Dispose();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<PublishReport> PublishAsync(
        IReadOnlyList<SignedEntry> entries, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var invoker = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        var request = new PublishRequest { Genesis = WireWriter.ToBytes(_chain.Genesis) };
        request.Entries.AddRange(entries.Select(ToMessage));
        using var call = invoker.AsyncServerStreamingCall(
            AnchorMethods.Publish, null, new CallOptions(cancellationToken: cancellationToken), request);
        while (await Guard(call.ResponseStream.MoveNext(cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            yield return ToReport(call.ResponseStream.Current);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StateLeaf>> ReadStateAsync(CancellationToken cancellationToken)
    {
        var invoker = await ConnectAsync(cancellationToken).ConfigureAwait(false);
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
            };
            var page = await UnaryAsync(invoker, AnchorMethods.State, request, cancellationToken).ConfigureAwait(false);
            foreach (var leaf in page.Leaves)
            {
                var entry = EntryOf(leaf);
                if (Compare(entry, last) <= 0 || leaves.Count == LeavesMax)
                {
                    throw new AnchorFailureException("its state has no order or no end");
                }

                last = entry;
                after = (leaf.Class, leaf.Name);
                leaves.Add(new((LeafClass)leaf.Class, leaf.Leaf.Memory));
            }

            if (!page.More || page.Leaves.Count == 0)
            {
                return leaves;
            }
        }
    }

    // Leaves are listed by entry: what was withdrawn stands where it stood, though its leaf is named `class/name`.
    private static (uint Class, string Name) EntryOf(Protocol.V1.StateLeaf leaf)
    {
        var slash = leaf.Name.IndexOf('/', StringComparison.Ordinal);
        return (LeafClass)leaf.Class == LeafClass.Withdrawn && slash > 0
            && uint.TryParse(leaf.Name.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
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
            new((int)message.Index, AnchorFate.Refused, Printable($"{message.Refused.Failure}: {message.Refused.Detail}")),
        _ => throw new AnchorFailureException("its report says nothing"),
    };

    private static string Printable(string text)
    {
        const int textMax = 300;
        var head = text.Length > textMax ? text[..textMax] : text;
        return string.Concat(head.Select(c => c is >= ' ' and <= '~' ? c : '?'));
    }

    // A fresh channel proves itself before it is used for anything but that.
    private async Task<CallInvoker> ConnectAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_hasFailed && _channel is { ServerKey: { } key } channel && _chain.HoldsTlsKey(key))
            {
                return channel.CreateCallInvoker();
            }

            if (_channel is { } old)
            {
                _channel = null;
                await old.DisposeAsync().ConfigureAwait(false);
            }

            _channel = await OpenAsync(cancellationToken).ConfigureAwait(false);
            _hasFailed = false;
            return _channel.CreateCallInvoker();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<RpcChannel> OpenAsync(CancellationToken cancellationToken)
    {
        var channel = new RpcChannel($"https://{Address}", new()
        {
            Identity = _identity,
            ServerKeyCheck = static _ => true,
            TimeProvider = _time,
        });
        try
        {
            await ExtendAsync(channel.CreateCallInvoker(), cancellationToken).ConfigureAwait(false);
            if (channel.ServerKey is not { } key || !_chain.HoldsTlsKey(key))
            {
                throw new AnchorFailureException(
                    $"{VerificationFailure.TransportKeyMismatch}: its TLS key is none of the segment's newest epoch; "
                    + "is the address an anchor's of this segment?");
            }

            return channel;
        }
        catch
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task ExtendAsync(CallInvoker invoker, CancellationToken cancellationToken)
    {
        for (var read = 0; read < EpochsMax;)
        {
            var from = _chain.Next;
            var request = new EpochsRequest
            {
                Genesis = WireWriter.ToBytes(_chain.Genesis),
                From = (ulong)from,
                Limit = EpochsPage,
            };
            var page = await UnaryAsync(invoker, AnchorMethods.Epochs, request, cancellationToken).ConfigureAwait(false);
            if (!WireReader.TryRead(page.Epochs, out var epochs, out var refusal))
            {
                throw new AnchorFailureException(refusal.ToString());
            }

            if (_chain.Extend(epochs) is { } wrong)
            {
                throw new AnchorFailureException($"its epochs do not lead from the genesis: {wrong}");
            }

            read += epochs.Length;
            if (epochs.IsEmpty || _chain.Next > (long)Math.Min(page.Newest, long.MaxValue - 1))
            {
                return;
            }
        }
    }

    private async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        CallInvoker invoker, Method<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class
    {
        using var call = invoker.AsyncUnaryCall(method, null, new CallOptions(cancellationToken: cancellationToken), request);
        return await Guard(call.ResponseAsync, cancellationToken).ConfigureAwait(false);
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
            // It may come back as another process with another key: the next call begins with a proof again.
            _hasFailed = true;
            var reason = RpcFailures.Read(failure)?.ToString() ?? $"{failure.StatusCode}: {failure.Status.Detail}";
            throw new AnchorFailureException(Printable(reason), failure);
        }
    }
}
