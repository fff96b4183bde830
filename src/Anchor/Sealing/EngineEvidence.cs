using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Sealing;

/// <summary>What the engines find against keys of their segment as evidence that others can check (V38).
/// Stateless.</summary>
internal static class EngineEvidence
{
    /// <summary>Two certified seals of a slot, or two that one key signed; null for what is of another kind: two
    /// documents of one publisher, and a regression, of which the two certificates alone prove nothing (V20).</summary>
    internal static Contradiction? Of(Digest genesis, SealOutput.Evidence found)
    {
        var kind = found.Failure switch
        {
            VerificationFailure.SealEquivocation => ContradictionKind.Certificates,
            VerificationFailure.AnchorExcluded => ContradictionKind.SealVotes,
            _ => ContradictionKind.None,
        };
        return kind == ContradictionKind.None ? null : new Contradiction(kind, genesis, found.First, found.Second);
    }

    /// <summary>Two votes of one gov key.</summary>
    internal static Contradiction Of(Digest genesis, EpochOutput.Evidence found) => new(
        ContradictionKind.EpochVotes, genesis, Vote(genesis, found.Slot, found.First),
        Vote(genesis, found.Slot, found.Second));

    private static Envelope Vote(Digest genesis, long slot, EpochVote vote)
    {
        var document = Document.Make(new Vote
        {
            Digest = vote.Digest,
            Epoch = slot,
            Phase = vote.Phase,
            Round = vote.Round,
            Segment = genesis,
        });
        return new Envelope(document.Payload, [vote.Signature]);
    }
}
