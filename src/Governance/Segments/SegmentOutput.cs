using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// What a <see cref="SegmentEngine"/> wants done, in this order: before a <see cref="Send"/> or <see cref="Broadcast"/>
/// leaves, every <see cref="SealJournal"/>, <see cref="GovJournal"/> and <see cref="Moved"/> before it must be durable.
/// </summary>
public abstract record SegmentOutput
{
    /// <summary>Append to the journal of the seal key.</summary>
    /// <param name="Body">One entry's body; it may refer to what the bodies before it hold.</param>
    public sealed record SealJournal(ReadOnlyMemory<byte> Body) : SegmentOutput;

    /// <summary>Append to the journal of the gov key.</summary>
    /// <param name="Body">One entry's body.</param>
    public sealed record GovJournal(ReadOnlyMemory<byte> Body) : SegmentOutput;

    /// <summary>Send to one anchor of the segment; may be lost.</summary>
    /// <param name="To">Its id.</param>
    /// <param name="Message">The message.</param>
    public sealed record Send(string To, SegmentMessage Message) : SegmentOutput;

    /// <summary>Send to all other anchors of the segment; may be lost.</summary>
    /// <param name="Message">The message.</param>
    public sealed record Broadcast(SegmentMessage Message) : SegmentOutput;

    /// <summary>
    /// What the sealing says to its host: certified states, entries' fates, evidence. No journal, message, timer or
    /// handover.
    /// </summary>
    /// <param name="Output">The output.</param>
    public sealed record OfSeals(SealOutput Output) : SegmentOutput;

    /// <summary>
    /// What the governing says to its host: operations' fates, decisions, evidence. No journal, message or timer.
    /// </summary>
    /// <param name="Output">The output.</param>
    public sealed record OfEpochs(EpochOutput Output) : SegmentOutput;

    /// <summary>
    /// An operation goes on in the next slot: the same change, with another digest. An approval of the old one is kept.
    /// </summary>
    /// <param name="Token">The token it was submitted with; null where another anchor told of it.</param>
    /// <param name="Old">Its digest before.</param>
    /// <param name="New">Its digest now.</param>
    public sealed record Rebased(long? Token, Digest Old, Digest New) : SegmentOutput;

    /// <summary>
    /// This anchor seals the next epoch from now on: keep what <see cref="SegmentEngineOptions"/> takes back, durably.
    /// The old epoch's last seal is served until <see cref="Published"/>. May come twice for one epoch, with another
    /// handover.
    /// </summary>
    /// <param name="Ground">The epoch and its leaves.</param>
    /// <param name="Step">The step of the chain that led to it.</param>
    /// <param name="Entries">The entries of the handover's state; null where they are not in hand.</param>
    public sealed record Moved(EpochGround Ground, EpochStep Step, IReadOnlyList<SignedEntry>? Entries) : SegmentOutput;

    /// <summary>
    /// The first seal of an epoch is certified: serve it, and the epochs that lead to it, as one message (4.3.3 step
    /// 4).
    /// </summary>
    /// <param name="Steps">The steps since the last publication, in order.</param>
    /// <param name="First">The first seal known of the newest of them.</param>
    public sealed record Published(IReadOnlyList<EpochStep> Steps, CertifiedState First) : SegmentOutput;

    /// <summary>Give a <see cref="SegmentInput.Tick"/> at this time; replaces the time asked for before.</summary>
    /// <param name="At">Unix milliseconds.</param>
    public sealed record SetTimer(long At) : SegmentOutput;
}
