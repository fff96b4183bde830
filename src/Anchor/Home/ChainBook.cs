using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home;

/// <summary>
/// The chains of other segments: fetched from their anchors, verified, durable, and kept as documents for consumers
/// that know nothing of them (V8-V15, V39, V63). The documents are bounded: those of a segment that nobody asks for go
/// when room is needed, and are fetched anew; the chain itself stays known by its digests. What is behind one neighbour
/// takes no more than is free beside it, so that none can have it all. Thread-safe.
/// </summary>
internal sealed class ChainBook(ServingContext context, HomeVerifier verifier)
{
    /// <summary>How long the documents of a segment that nobody asks for stay at least.</summary>
    internal static readonly TimeSpan Unused = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan OwnPatience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Digest, EpochLog> _logs = new();
    private readonly BegunChains _begun = new(keepsDocuments: true);
    private readonly Lock _gate = new();
    private long? _sweptAt;

    /// <summary>The most bytes of one chain.</summary>
    internal long ChainBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>The most bytes of all chains.</summary>
    internal long AllBytes { get; init; } = 128L * 1024 * 1024;

    /// <summary>The documents of a segment's epochs, from its genesis on.</summary>
    internal EpochLog LogOf(Digest segment) => _logs.GetOrAdd(segment, static _ => new EpochLog());

    /// <summary>The same where something is held of it; null else.</summary>
    internal ImmutableArray<EpochDocument>? Find(Digest segment) =>
        _logs.TryGetValue(segment, out var log) && log.All is { IsEmpty: false } epochs ? epochs : null;

    /// <summary>First contact with an anchor, and again whenever the chain may have grown.</summary>
    /// <param name="client">The anchor; it is held to the keys of the newest epoch.</param>
    /// <param name="segment">Its segment.</param>
    /// <param name="neighbour">The neighbour of the own segment that it is behind, or is.</param>
    /// <param name="floor">The epoch that the chain must contain; null for none.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<Refusal?> MeetAsync(
        AnchorClient client, Digest segment, Digest neighbour, Floor? floor, SegmentView view,
        CancellationToken cancellationToken)
    {
        var delta = view.Epoch.Value.Policy.ClockDelta;
        return await TakeAsync(segment, neighbour, held => ChainFetch.RunAsync(
            client, segment, held, null, floor, _begun, context.Time, delta, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Meets one of a segment's anchors over a connection of its own.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="neighbour">The neighbour of the own segment that it is behind, or is.</param>
    /// <param name="floor">The epoch that its chain must contain; null for none.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The connection, held to the keys of the newest epoch; or why it is none of that segment's.</returns>
    /// <exception cref="RpcException">The anchor failed.</exception>
    internal async Task<(AnchorClient? There, Refusal? Refusal)> MeetAsync(
        IpEndpoint place, Digest segment, Digest neighbour, Floor? floor, SegmentView view,
        CancellationToken cancellationToken)
    {
        var client = new AnchorClient(place, context.Transport, context.Time, verifier.Chain(segment));
        try
        {
            var stranger = await MeetAsync(client, segment, neighbour, floor, view, cancellationToken)
                .ConfigureAwait(false);
            if (stranger is null)
            {
                return (client, null);
            }

            await client.DisposeAsync().ConfigureAwait(false);
            return (null, stranger);
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether a chain does not reach the epoch by which what names the segment names it (V30).</summary>
    internal bool Lacks(Digest segment, Floor floor) => floor.Epoch > (verifier.Chain(segment)?.NewestNumber ?? -1)
        || floor.Epoch >= LogOf(segment).All.Length;

    /// <summary>
    /// The chain as the other anchors of the own segment relay it: one of them may have met an epoch that this one has
    /// not, of a segment whose anchors cannot be asked any more (I24).
    /// </summary>
    /// <param name="segment">The segment.</param>
    /// <param name="neighbour">The neighbour of the own segment that it is behind, or is.</param>
    /// <param name="floor">The epoch that the chain must contain.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Why none of them had it; null where it is held now.</returns>
    internal async Task<Refusal?> AskOwnAsync(
        Digest segment, Digest neighbour, Floor floor, SegmentView view, CancellationToken cancellationToken)
    {
        var delta = view.Epoch.Value.Policy.ClockDelta;
        Refusal? last = new(VerificationFailure.BelowLinkFloor, "epochs", "there is no other anchor to ask");
        foreach (var anchor in view.Epoch.Value.Anchors.Where(anchor => anchor.Tls.Kid != context.TransportKid))
        {
            var client = new AnchorClient(
                anchor.Endpoints[0], context.Transport, context.Time, verifier.Chain(view.Genesis))
            {
                Patience = OwnPatience,
            };
            await using (client.ConfigureAwait(false))
            {
                try
                {
                    last = await TakeAsync(segment, neighbour, held => ChainFetch.RelayedAsync(
                        client, segment, held, floor, context.Time, delta, cancellationToken)).ConfigureAwait(false);
                }
                catch (RpcException e)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    last = HomeMeeting.Describe(e, client.Endpoint);
                }
            }

            if (last is null)
            {
                return null;
            }
        }

        return last;
    }

    /// <summary>The chain as an anchor of another segment relays it, to whom this one is a known home.</summary>
    /// <param name="client">The anchor.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="neighbour">The neighbour of the own segment that it is behind, or is.</param>
    /// <param name="floor">The epoch that the chain must contain.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RpcException">The anchor failed, or does not relay that segment.</exception>
    internal Task<Refusal?> AskRelayAsync(
        AnchorClient client, Digest segment, Digest neighbour, Floor floor, SegmentView view,
        CancellationToken cancellationToken) =>
        TakeAsync(segment, neighbour, held => ChainFetch.RelayedAsync(
            client, segment, held, floor, context.Time, view.Epoch.Value.Policy.ClockDelta, cancellationToken));

    private async Task<Refusal?> TakeAsync(
        Digest segment, Digest neighbour,
        Func<SegmentState?, Task<(ChainFetch.Fetched? Fetched, Refusal? Refusal)>> fetch)
    {
        var log = LogOf(segment);
        var held = verifier.Chain(segment);
        var (fetched, refusal) = await fetch(held).ConfigureAwait(false);
        if (fetched is null)
        {
            // What continues another epoch than the one held: that one is seen from the start on (V14, V38).
            if (held is not null && refusal!.Failure == VerificationFailure.PrevMismatch
                && await fetch(null).ConfigureAwait(false) is ({ } other, _))
            {
                verifier.Find(held.Against(other.Epochs));
            }

            return refusal;
        }

        // A chain that a file remembered has no documents for consumers that know nothing: they are fetched from the
        // start.
        if (held is not null && log.All.Length <= held.NewestNumber)
        {
            var (whole, failed) = await fetch(null).ConfigureAwait(false);
            if (whole is null)
            {
                return failed;
            }

            if (whole.Segment.DigestOf(held.NewestNumber) != held.Newest.Digest)
            {
                verifier.Find(held.Against(whole.Epochs));
                return new Refusal(
                    VerificationFailure.EpochEquivocation, "epochs", $"epoch {held.NewestNumber} is another document");
            }

            fetched = fetched with { Epochs = whole.Epochs };
        }

        var isWhole = fetched.Epochs is [var first, ..]
            && Document.TryParse<Epoch>(first.Payload, out var epoch, out _) && epoch.Value.Number == 0;
        if (Check(segment, neighbour, log, fetched.Epochs.Skip(isWhole ? log.All.Length : 0)) is { } full)
        {
            return full;
        }

        // Before it is adopted: a floor that is raised to it must find it in what is relayed (V30).
        log.Add(fetched.Epochs);
        return await verifier.AdoptAsync(fetched.Segment).ConfigureAwait(false);
    }

    /// <summary>Whether there is room for the documents of a chain.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="neighbour">The neighbour that it is behind, or is.</param>
    /// <param name="log">Its documents.</param>
    /// <param name="epochs">Those that come to them.</param>
    /// <returns><c>BudgetExceeded</c> where the chain itself is too long, <c>RateLimited</c> where others are in use;
    /// null where there is room.</returns>
    internal Refusal? Check(Digest segment, Digest neighbour, EpochLog log, IEnumerable<EpochDocument> epochs)
    {
        var bytes = epochs.Sum(EpochLog.BytesOf);
        if (log.Bytes + bytes > ChainBytes)
        {
            return new Refusal(
                VerificationFailure.BudgetExceeded, segment.ToString(), $"a chain of more than {ChainBytes} bytes");
        }

        log.PutBehind(neighbour);
        if (bytes == 0)
        {
            return null;
        }

        lock (_gate)
        {
            if (Full(log.Behind, bytes) is not null)
            {
                Sweep(segment);
            }

            return Full(log.Behind, bytes) is { } full
                ? new Refusal(VerificationFailure.RateLimited, segment.ToString(), full)
                : null;
        }
    }

    // What one neighbour has already is no more than what is free afterwards.
    private string? Full(Digest? neighbour, long bytes)
    {
        var (total, taken) = (0L, 0L);
        foreach (var log in _logs.Values)
        {
            total += log.Bytes;
            taken += log.Behind == neighbour ? log.Bytes : 0;
        }

        return taken <= AllBytes - total - bytes
            ? null
            : $"chains of {total} bytes are in use, {taken} of them behind the same neighbour; {AllBytes} is the most";
    }

    // Who was used since the last time has its time from now on.
    private void Sweep(Digest keep)
    {
        if (_sweptAt is { } before && context.Time.GetElapsedTime(before) < Unused)
        {
            return;
        }

        _sweptAt = context.Time.GetTimestamp();
        foreach (var (segment, log) in _logs)
        {
            if (!log.TakeUsed() && segment != keep)
            {
                _logs.TryRemove(segment, out _);
            }
        }
    }
}
