using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// What the parts of an <see cref="EpochEngine"/> share: the ground, the time of the step, and its outputs.
/// </summary>
internal sealed class EpochCore
{
    internal EpochCore(EpochEngineOptions options, EngineClock clock)
    {
        Options = options;
        Clock = clock;
        Quorum = new GovQuorum(options.Ground.Genesis, options.Ground.Epoch.Value, options.Signatures);
        Votes = new VoteBox(Quorum);
        Checks = new PortChecks(options.Signatures);
        if (Quorum.Find(options.Self) is not { } self || self.Gov != options.Signer.Key)
        {
            throw new ArgumentException($"{options.Self} is no anchor with this gov key", nameof(options));
        }
    }

    internal EpochEngineOptions Options { get; }

    internal string Self => Options.Self;

    internal EpochGround Ground => Options.Ground;

    internal long Slot => Quorum.Slot;

    internal GovQuorum Quorum { get; }

    internal VoteBox Votes { get; }

    internal PortChecks Checks { get; }

    /// <summary>The candidates that this anchor voted for in this slot; the journal holds their content.</summary>
    internal HashSet<Digest> Voted { get; } = [];

    /// <summary>
    /// The anchors that answered this start of the engine. It signs nothing before T anchors, itself included, had the
    /// chance to show what they hold of its votes.
    /// </summary>
    internal HashSet<string> Answered { get; } = new(StringComparer.Ordinal);

    internal bool IsReady => Answered.Count + 1 >= Quorum.Threshold;

    internal bool Halted { get; private set; }

    internal long Round { get; set; }

    internal EngineClock Clock { get; }

    /// <summary>The wall clock of the step in unix milliseconds: for what documents say.</summary>
    internal long Now => Clock.Now;

    /// <summary>The time of the step by the clock that never goes back: for rounds and patience.</summary>
    internal long Elapsed => Clock.Elapsed;

    internal List<EpochOutput> Outputs { get; set; } = [];

    internal void Emit(EpochOutput output) => Outputs.Add(output);

    internal void Send(string to, EpochMessage message) => Emit(new EpochOutput.Send(to, message));

    internal void Broadcast(EpochMessage message) => Emit(new EpochOutput.Broadcast(message));

    internal void Halt(Refusal refusal)
    {
        if (!Halted)
        {
            Halted = true;
            Emit(new EpochOutput.Halted(refusal));
        }
    }
}
