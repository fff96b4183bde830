using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// What the parts of a <see cref="SealEngine"/> share: the epoch, the time of the step, and its outputs.
/// </summary>
internal sealed class SealCore
{
    /// <summary>A time that never comes, with room to add to it.</summary>
    internal const long Never = long.MaxValue / 2;

    internal required string Self { get; init; }

    internal required Digest Genesis { get; init; }

    internal required long Epoch { get; init; }

    internal required Digest EpochDigest { get; init; }

    internal required long EpochIssued { get; init; }

    internal required long EpochExpires { get; init; }

    internal required long Delta { get; init; }

    internal required long Validity { get; init; }

    internal required long Heartbeat { get; init; }

    internal required SealQuorum Quorum { get; init; }

    internal required EntryReader Reader { get; init; }

    internal required ISigner Signer { get; init; }

    /// <summary>What is known of other segments' seals; null for nothing.</summary>
    internal IWitnesses? Witnesses { get; init; }

    /// <summary>The tree of the epoch's op-made leaves alone.</summary>
    internal required Naming.Tree.SparseTree OperationTree { get; init; }

    internal required Chain Chain { get; init; }

    internal required Turns Turns { get; init; }

    internal SignedStates Signed { get; } = new();

    internal Pool Pool { get; } = new();

    internal Publications Publications { get; } = new();

    /// <summary>Set by tests only: plants the bug of signing below what was signed.</summary>
    internal bool IgnoresDominance { get; init; }

    /// <summary>Set by tests only: plants the bug of signing Witnesses unseen.</summary>
    internal bool IgnoresWitnesses { get; init; }

    /// <summary>Set by tests only: plants mistakes in taking entries.</summary>
    internal IntakeBugs IntakeBugs { get; init; } = new();

    /// <summary>
    /// The anchors that answered this start of the engine. It signs nothing before T anchors, itself included, had
    /// the chance to show what they hold of its signatures.
    /// </summary>
    internal HashSet<string> Answered { get; } = new(StringComparer.Ordinal);

    internal bool IsReady => Answered.Count + 1 >= Quorum.Threshold && Chain.Seq >= JournalBase;

    /// <summary>Below this certified number the journal cannot tell what binds.</summary>
    internal long JournalBase { get; init; } = -1;

    internal bool Fenced { get; set; }

    /// <summary>The digest of the decided next epoch: from then on only a handover to it is signed.</summary>
    internal Digest? Successor { get; set; }

    /// <summary>Since when, by <see cref="Elapsed"/>.</summary>
    internal long SuccessorSince { get; set; }

    /// <summary>The next epoch took over: nothing of this one is signed any more, only served.</summary>
    internal bool Closed { get; set; }

    /// <summary>The certified handover that the first seal follows; null in epoch 0.</summary>
    internal Envelope? StartCertificate { get; init; }

    /// <summary>Set by tests only: plants the bug of sealing on after a commit.</summary>
    internal bool IgnoresFence { get; init; }

    /// <summary>Set by tests only: plants the bug of handovers below what was signed.</summary>
    internal bool HandsOverLess { get; init; }

    internal bool Halted { get; set; }

    internal required EngineClock Clock { get; init; }

    /// <summary>The wall clock of the step in unix milliseconds: for what documents say.</summary>
    internal long Now => Clock.Now;

    /// <summary>The time of the step by the clock that never goes back: for turns and pauses.</summary>
    internal long Elapsed => Clock.Elapsed;

    internal List<SealOutput> Outputs { get; set; } = [];

    internal Envelope? NewestCertificate => Chain.Newest?.Certificate ?? StartCertificate;

    /// <summary>Since when a heartbeat, or the handover, is due, by <see cref="Elapsed"/>; never again once that is
    /// certified.</summary>
    internal long HeartbeatDue => Chain.Handover is not null ? Never
        : Successor is not null ? SuccessorSince
        : Clock.ToElapsed(Chain.Newest is null ? Chain.Issued : Chain.Issued + Heartbeat);

    internal void Emit(SealOutput output) => Outputs.Add(output);

    internal void Send(string to, SealMessage message) => Emit(new SealOutput.Send(to, message));

    internal void Broadcast(SealMessage message) => Emit(new SealOutput.Broadcast(message));

    internal void Halt(Refusal refusal)
    {
        if (!Halted)
        {
            Halted = true;
            Emit(new SealOutput.Halted(refusal));
        }
    }
}
