using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>A decided epoch with all that another anchor needs to follow. Immutable, thread-safe.</summary>
/// <param name="Candidate">The epoch and its op-made leaves.</param>
/// <param name="Vote">The commits of exactly T anchors in one round.</param>
public sealed record EpochDecision(EpochCandidate Candidate, Envelope Vote)
{
    /// <summary>The epoch as it travels.</summary>
    public EpochDocument Document => new(
        Candidate.Proposal.Epoch, Vote, Candidate.Proposal.Consent, Candidate.Proposal.RecoveryConsent);
}
