using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// What an <see cref="EpochEngine"/> wants done, in this order: before a <see cref="Send"/> or <see cref="Broadcast"/>
/// leaves, every <see cref="Journal"/> before it must be durable.
/// </summary>
public abstract record EpochOutput
{
    /// <summary>Append to the journal of the gov key and make it durable before anything after it leaves
    /// (V43).</summary>
    /// <param name="Body">One entry's body, as <see cref="EpochEngineOptions.Journal"/> takes it back.</param>
    public sealed record Journal(ReadOnlyMemory<byte> Body) : EpochOutput;

    /// <summary>Send to one anchor of the segment; may be lost.</summary>
    /// <param name="To">Its id.</param>
    /// <param name="Message">The message.</param>
    public sealed record Send(string To, EpochMessage Message) : EpochOutput;

    /// <summary>Send to all other anchors of the segment; may be lost.</summary>
    /// <param name="Message">The message.</param>
    public sealed record Broadcast(EpochMessage Message) : EpochOutput;

    /// <summary>An operation passed all checks and waits to be decided.</summary>
    /// <param name="Token">The token it was submitted with; null where another anchor told of it.</param>
    /// <param name="Candidate">The operation.</param>
    /// <param name="IsWilling">Whether this anchor will prepare it; otherwise it waits for its operator.</param>
    public sealed record Queued(long? Token, EpochCandidate Candidate, bool IsWilling) : EpochOutput;

    /// <summary>An operation was refused, or can no longer be decided.</summary>
    /// <param name="Token">The token it was submitted with; null where another anchor told of it.</param>
    /// <param name="Digest">The candidate; null where it could not be read.</param>
    /// <param name="Refusal">Why.</param>
    public sealed record Refused(long? Token, Digest? Digest, Refusal Refusal) : EpochOutput;

    /// <summary>The answer to <see cref="EpochInput.TakeBack"/>.</summary>
    /// <param name="Token">The token it was asked with.</param>
    /// <param name="Digest">The candidate.</param>
    /// <param name="IsProposal">Whether the operation does not wait here any more, and the others are told so.</param>
    /// <param name="IsApproval">Whether this anchor had its operator's approval and has it no more.</param>
    /// <param name="Voters">The anchors known to have voted for it, this one included: they stay bound.</param>
    /// <param name="Refusal">Why it cannot be said yet; null where it can.</param>
    public sealed record TakenBack(
        long Token,
        Digest Digest,
        bool IsProposal,
        bool IsApproval,
        IReadOnlyList<string> Voters,
        Refusal? Refusal = null) : EpochOutput;

    /// <summary>
    /// This anchor committed for the first time in this slot: it signs no seal of the present epoch any more (4.3.3).
    /// </summary>
    public sealed record Committed : EpochOutput;

    /// <summary>T anchors committed: the epoch is decided.</summary>
    /// <param name="Decision">The epoch, its certificate and leaves.</param>
    /// <param name="Token">The token it was submitted with here; null for others' operations.</param>
    public sealed record Decided(EpochDecision Decision, long? Token) : EpochOutput;

    /// <summary>Give a <see cref="EpochInput.Tick"/> at this time; replaces the time asked for before.</summary>
    /// <param name="At">Unix milliseconds.</param>
    public sealed record SetTimer(long At) : EpochOutput;

    /// <summary>Two votes of one gov key in one phase of one round: its anchor lies.</summary>
    /// <param name="Voter">Its id.</param>
    /// <param name="Slot">The number of the epoch voted about.</param>
    /// <param name="First">The one known first.</param>
    /// <param name="Second">The other.</param>
    public sealed record Evidence(string Voter, long Slot, EpochVote First, EpochVote Second) : EpochOutput;

    /// <summary>
    /// The gov key must never sign again and the engine will not: JournalConflict or JournalBehind. It still follows.
    /// </summary>
    /// <param name="Refusal">Why.</param>
    public sealed record Halted(Refusal Refusal) : EpochOutput;

    /// <summary>A message was refused without effect; for logs and counters.</summary>
    /// <param name="From">The sender.</param>
    /// <param name="Refusal">Why.</param>
    public sealed record Ignored(string From, Refusal Refusal) : EpochOutput;
}
