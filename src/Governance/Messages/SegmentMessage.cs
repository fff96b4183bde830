using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// One step of a segment's chain with all that another anchor needs to take it: the decided epoch, its manifest and
/// leaves, and the handover of the epoch before. Nothing in it is checked.
/// </summary>
/// <param name="Proposal">The epoch with its manifest and leaves.</param>
/// <param name="Commits">Its certificate.</param>
/// <param name="Handover">The certified handover that its first seal follows.</param>
public sealed record EpochStep(EpochProposal Proposal, Envelope Commits, Envelope Handover)
{
    /// <summary>The epoch as it travels to verifiers.</summary>
    public EpochDocument Document =>
        new(Proposal.Epoch, Commits, Proposal.Consent, Proposal.RecoveryConsent);
}

/// <summary>What one anchor of a segment tells another: about seals, about the next epoch, or how to catch
/// up.</summary>
public abstract record SegmentMessage
{
    /// <summary>A message of one epoch's sealing.</summary>
    /// <param name="Epoch">The epoch whose seals it is about.</param>
    /// <param name="Message">The message.</param>
    public sealed record Sealing(long Epoch, SealMessage Message) : SegmentMessage;

    /// <summary>A message about the epoch to come.</summary>
    /// <param name="Message">The message.</param>
    public sealed record Governing(EpochMessage Message) : SegmentMessage;

    /// <summary>Asks for the steps behind an epoch.</summary>
    /// <param name="Epoch">The newest epoch that the sender has.</param>
    public sealed record Ask(long Epoch) : SegmentMessage;

    /// <summary>Steps in order, up to the sender's newest or as many as fit.</summary>
    /// <param name="List">At most <see cref="SegmentEngine.StepsPerMessage"/>.</param>
    /// <param name="Newest">
    /// A certified seal of the last of them: whoever follows can then fetch its state, and needs no handover's. Null
    /// before the first, or where more steps follow.
    /// </param>
    public sealed record Steps(IReadOnlyList<EpochStep> List, Envelope? Newest) : SegmentMessage;
}
