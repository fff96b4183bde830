using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// What a <see cref="SealEngine"/> wants done, in this order: before a <see cref="Send"/> or <see cref="Broadcast"/>
/// leaves, every <see cref="Journal"/> before it must be durable.
/// </summary>
public abstract record SealOutput
{
    /// <summary>Append to the journal of the seal key and make it durable before anything after it leaves.</summary>
    /// <param name="Body">One entry's body, as <see cref="SealEngineOptions.Journal"/> takes it back.</param>
    public sealed record Journal(ReadOnlyMemory<byte> Body) : SealOutput;

    /// <summary>Send to one anchor of the segment; may be lost.</summary>
    /// <param name="To">Its id.</param>
    /// <param name="Message">The message.</param>
    public sealed record Send(string To, SealMessage Message) : SealOutput;

    /// <summary>Send to all other anchors of the segment; may be lost.</summary>
    /// <param name="Message">The message.</param>
    public sealed record Broadcast(SealMessage Message) : SealOutput;

    /// <summary>A newer seal is certified and its state in hand: subscribers first, then archive.</summary>
    /// <param name="State">The newest certified state.</param>
    public sealed record Certified(CertifiedState State) : SealOutput;

    /// <summary>
    /// The handover to the next epoch is certified and its state in hand. A later one may still come, from anchors
    /// that did not hear of this one; it dominates this.
    /// </summary>
    /// <param name="Handover">The handover.</param>
    public sealed record HandedOver(CertifiedHandover Handover) : SealOutput;

    /// <summary>The entry passed all checks and is gossiped.</summary>
    /// <param name="Token">The token it was published with.</param>
    public sealed record Accepted(long Token) : SealOutput;

    /// <summary>The entry was refused, or can no longer be sealed.</summary>
    /// <param name="Token">The token it was published with.</param>
    /// <param name="Refusal">Why.</param>
    public sealed record Refused(long Token, Refusal Refusal) : SealOutput;

    /// <summary>A certified seal holds the entry.</summary>
    /// <param name="Token">The token it was published with.</param>
    /// <param name="Epoch">The seal's epoch.</param>
    /// <param name="Seq">The seal's number.</param>
    public sealed record Sealed(long Token, long Epoch, long Seq) : SealOutput;

    /// <summary>A certified seal holds a greater entry of the same name.</summary>
    /// <param name="Token">The token it was published with.</param>
    /// <param name="Epoch">The seal's epoch.</param>
    /// <param name="Seq">The seal's number.</param>
    public sealed record Superseded(long Token, long Epoch, long Seq) : SealOutput;

    /// <summary>Give a <see cref="SealInput.Tick"/> at this time; replaces the time asked for before.</summary>
    /// <param name="At">Unix milliseconds.</param>
    public sealed record SetTimer(long At) : SealOutput;

    /// <summary>
    /// Two signed statements that contradict each other: PublisherEquivocation (two entries), SealEquivocation or
    /// SealRegression (two certificates), AnchorExcluded (two seals of one slot, each with one key's signature).
    /// </summary>
    /// <param name="Failure">What it proves.</param>
    /// <param name="First">The one known first.</param>
    /// <param name="Second">The other.</param>
    public sealed record Evidence(VerificationFailure Failure, Envelope First, Envelope Second) : SealOutput;

    /// <summary>
    /// The seal key must never sign again and the engine will not: JournalConflict or JournalBehind. It still follows.
    /// </summary>
    /// <param name="Refusal">Why.</param>
    public sealed record Halted(Refusal Refusal) : SealOutput;

    /// <summary>A message was refused without effect; for logs and counters.</summary>
    /// <param name="From">The sender.</param>
    /// <param name="Refusal">Why.</param>
    public sealed record Ignored(string From, Refusal Refusal) : SealOutput;
}
