using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Resolver.Anchors;

namespace Fairlead.Anchor.Home;

/// <summary>
/// The chains of other segments: fetched from their anchors, verified, durable, and kept as documents for consumers
/// that know nothing of them (V8-V15, V39, V63). Thread-safe.
/// </summary>
internal sealed class ChainBook(ServingContext context, HomeVerifier verifier)
{
    private readonly ConcurrentDictionary<Digest, EpochLog> _logs = new();

    /// <summary>The documents of a segment's epochs, from its genesis on.</summary>
    internal EpochLog LogOf(Digest segment) => _logs.GetOrAdd(segment, static _ => new EpochLog());

    /// <summary>The same where something is held of it; null else.</summary>
    internal ImmutableArray<EpochDocument>? Find(Digest segment) =>
        _logs.TryGetValue(segment, out var log) && log.All is { IsEmpty: false } epochs ? epochs : null;

    /// <summary>First contact with an anchor, and again whenever the chain may have grown.</summary>
    /// <param name="client">The anchor; it is held to the keys of the newest epoch.</param>
    /// <param name="segment">Its segment.</param>
    /// <param name="floor">The epoch that the chain must contain; null for none.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<Refusal?> MeetAsync(
        AnchorClient client, Digest segment, Floor? floor, SegmentView view, CancellationToken cancellationToken)
    {
        var log = LogOf(segment);
        var held = verifier.Chain(segment);
        var delta = view.Epoch.Value.Policy.ClockDelta;
        var (fetched, refusal) = await ChainFetch.RunAsync(
            client, segment, held, null, floor, context.Time, delta, cancellationToken).ConfigureAwait(false);
        if (fetched is null)
        {
            return refusal;
        }

        // A chain that a file remembered has no documents for consumers that know nothing: they are fetched from the
        // start.
        if (held is not null && log.All.Length <= held.NewestNumber)
        {
            var (whole, failed) = await ChainFetch.RunAsync(
                client, segment, null, null, floor, context.Time, delta, cancellationToken).ConfigureAwait(false);
            if (whole is null)
            {
                return failed;
            }

            if (whole.Segment.DigestOf(held.NewestNumber) != held.Newest.Digest)
            {
                return new Refusal(
                    VerificationFailure.EpochEquivocation, "epochs", $"epoch {held.NewestNumber} is another document");
            }

            fetched = fetched with { Epochs = whole.Epochs };
        }

        // Before it is adopted: a floor that is raised to it must find it in what is relayed (V30).
        log.Add(fetched.Epochs);
        return await verifier.AdoptAsync(fetched.Segment).ConfigureAwait(false);
    }
}
