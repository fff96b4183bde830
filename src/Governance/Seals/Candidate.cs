using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>A state that someone proposed, recomputed here: what its seal or handover says is true of it.</summary>
/// <param name="Claim">The seal or handover.</param>
/// <param name="State">The recomputed state; its root and count are the seal's.</param>
/// <param name="Base">The seal or handover that the changes apply to; null in epoch 0 or for a whole state.</param>
/// <param name="IsWhole">Whether this state was fetched whole, so that its changes lead from nothing.</param>
/// <param name="Puts">What changed against the base.</param>
/// <param name="Drops">What fell out of it.</param>
/// <param name="Seen">When this anchor met it, by <see cref="EngineClock.Elapsed"/>.</param>
internal sealed record Candidate(
    StateClaim Claim,
    LeafState State,
    Digest? Base,
    bool IsWhole,
    IReadOnlyList<Entry> Puts,
    IReadOnlyList<EntryName> Drops,
    long Seen)
{
    internal long Seq => Claim.Seq;
}

/// <summary>A candidate with its certificate.</summary>
/// <param name="Certificate">The signatures of exactly T anchors.</param>
/// <param name="Candidate">The seal or handover, its state and the changes that led there.</param>
internal sealed record CertifiedCandidate(Envelope Certificate, Candidate Candidate);
