using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>Whether a shown decision is one: the verifier's rules (V9-V13), and what the manifest makes
/// (V44).</summary>
public static class EpochFollower
{
    /// <summary>Checks a decided epoch on its ground.</summary>
    /// <param name="ground">The epoch before.</param>
    /// <param name="proposal">The epoch, its manifest and leaves.</param>
    /// <param name="commits">The commits of exactly T anchors.</param>
    /// <param name="checks">Verifies signatures.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="decision">The decision; null where it was refused.</param>
    public static Refusal? Check(
        EpochGround ground,
        EpochProposal proposal,
        Envelope commits,
        ISignatureChecks checks,
        long now,
        out EpochDecision? decision)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(proposal);
        decision = null;
        var raw = new EpochDocument(proposal.Epoch, commits, proposal.Consent, proposal.RecoveryConsent);
        if (!ParsedEpochDocument.TryParse(raw, ground.Genesis, out var document, out var refusal))
        {
            return refusal;
        }

        refusal = EpochRules.CheckSuccessor(
            ground.Epoch, document, ground.Genesis, [], now, ground.Epoch.Value.Policy.ClockDelta, checks);
        if (refusal is not null)
        {
            return refusal;
        }

        var leaves = ground.Leaves.Apply(
            document.Epoch, proposal.Manifest, proposal.Leaves.Select(leaf => (leaf.Class, leaf.Payload)), out refusal);
        refusal ??= OpRules.Check(ground.Epoch.Value, document.Epoch.Value)
            ?? OpRules.CheckLeaves(document.Epoch.Value, ground.Leaves, leaves!);
        if (refusal is null)
        {
            decision = new EpochDecision(new EpochCandidate(proposal, document.Epoch, leaves!), commits);
        }

        return refusal;
    }
}
