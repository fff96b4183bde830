using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home.Reports;

/// <summary>
/// Evidence against the keys of any segment that this anchor knows (V38), whoever brings it: its own engines, the
/// answers that it relays, pods, other anchors. It is verified before it is held, durable before it is passed on (V39),
/// and passed on once: for each epoch of a segment one piece against its quorum and one against each of its anchors. Of
/// a home of which nobody states a floor it counts for what its own anchors ask here, and is neither kept nor passed
/// on. Thread-safe.
/// </summary>
internal sealed class EvidenceBook
{
    private readonly HomeVerifier _verifier;
    private readonly HomeBook _homes;
    private readonly ILogger _log;
    private long _version;

    internal EvidenceBook(ServingContext context, HomeVerifier verifier, HomeBook homes)
    {
        (_verifier, _homes) = (verifier, homes);
        _log = context.Loggers.CreateLogger<EvidenceBook>();
        verifier.Found += evidence => Take(evidence);
        homes.Found += evidence => Take(evidence);
    }

    /// <summary>Told of each piece that is new; must not block.</summary>
    internal event Action<Contradiction>? Proven;

    /// <summary>Grows with each new piece.</summary>
    internal long Version => Interlocked.Read(ref _version);

    /// <summary>What is held, each with the epoch that it is of, which is the newest known of its segment.</summary>
    internal IEnumerable<(Contradiction Piece, long Epoch)> Held => _verifier.Evidence;

    /// <summary>The segment of which a key is an anchor's, be it one that asks here or one that is asked; null for
    /// none.</summary>
    internal Digest? SegmentOf(Digest kid) => _homes.HomeOf(kid) ?? _verifier.SegmentOf(kid);

    /// <summary>Takes a piece as it came.</summary>
    /// <returns>Why it changes nothing; null where it counts, be it known before or not.</returns>
    internal Refusal? Take(Contradiction evidence)
    {
        var refusal = _verifier.File(evidence, _homes.Established(evidence.Segment), lost =>
        {
            if (lost is null)
            {
                Tell(evidence);
            }
        });
        var here = _homes.Accuse(evidence);
        refusal = here is null ? null : refusal is { Failure: VerificationFailure.EpochUnknown } ? here : refusal;
        if (refusal is not null)
        {
            HomeLog.EvidenceRefused(
                _log, evidence.Kind.ToString(), evidence.Segment, refusal.Failure, refusal.Detail);
        }

        return refusal;
    }

    private void Tell(Contradiction evidence)
    {
        HomeLog.Evidence(_log, evidence.Kind.ToString(), evidence.Segment);
        Interlocked.Increment(ref _version);
        Proven?.Invoke(evidence);
    }
}
