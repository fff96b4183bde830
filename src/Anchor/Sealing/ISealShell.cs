using Fairlead.Governance;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// Where the seal loop's outputs go. All calls come from the loop's task and must not block, but for what has to be
/// durable first: what takes time is queued.
/// </summary>
internal interface ISealShell
{
    /// <summary>Sends to one anchor of the segment; may be lost.</summary>
    void Send(string anchor, SegmentMessage message);

    /// <summary>Sends to all other anchors of the segment; may be lost.</summary>
    void Broadcast(SegmentMessage message);

    /// <summary>A newer seal is certified: subscribers first, then the archive.</summary>
    void OnCertified(CertifiedState state);

    /// <summary>After a start: the newest epoch has no seal yet, and this is the last one of the epoch before, to be
    /// served until it has (4.3.3).</summary>
    void OnHeldBefore(CertifiedState state);

    /// <summary>
    /// This anchor seals the next epoch from now on. Returns once that is on the disk: what stands on it leaves next.
    /// </summary>
    /// <exception cref="Resolver.State.StateException">It may not be on the disk.</exception>
    void OnMoved(SegmentOutput.Moved moved);

    /// <summary>The first seal of the newest epoch is certified: both are served from the state that follows
    /// on.</summary>
    void OnPublished(SegmentOutput.Published published);

    /// <summary>What the engine found against keys of the segment (V38).</summary>
    void OnEvidence(Contradiction evidence);

    /// <summary>The loop ended by an error; the anchor signs nothing any more.</summary>
    void OnBroken(Exception error);
}
