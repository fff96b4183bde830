namespace Fairlead.Simulator;

/// <summary>A mistake planted into a run, which an invariant must catch.</summary>
public enum PlantedBug
{
    /// <summary>None: every run must hold.</summary>
    None,

    /// <summary>Anchors sign states that lack entries of states they signed before.</summary>
    NoDominance,

    /// <summary>The journal acknowledges before the disk holds it; a crash loses its tail.</summary>
    JournalNotDurable,

    /// <summary>Anchors prepare an epoch against the one that they are locked on.</summary>
    NoLock,

    /// <summary>Commits name no round, so that those of several rounds add up.</summary>
    CommitAnyRound,

    /// <summary>Anchors sign seals of an epoch after they committed to the next.</summary>
    NoFence,

    /// <summary>Handovers may lack what was certified or signed before.</summary>
    HandoverBelow,

    /// <summary>Anchors accept entries and forget them.</summary>
    ForgetsAccepted,

    /// <summary>Anchors keep entries that they refused.</summary>
    KeepsRefused,

    /// <summary>Anchors tell a publisher twice that its entry is accepted.</summary>
    TellsTwice,

    /// <summary>Anchors do not check who signed an entry; liars forge some.</summary>
    TrustsAnybody,

    /// <summary>Anchors sign Witnesses unseen; liars forge some.</summary>
    TrustsWitnesses,

    /// <summary>T = 3 of 5 with F = 1: two quorums may share nobody but the liar (V11 is off).</summary>
    LowThreshold,
}

/// <summary>One run.</summary>
/// <param name="Seed">Everything random follows from it.</param>
/// <param name="Anchors">n.</param>
/// <param name="Faults">F, and how many anchors misbehave at most.</param>
/// <param name="Bug">The planted mistake.</param>
/// <param name="RealSignatures">ECDSA instead of the fast stand-in.</param>
/// <param name="Operations">How many operations operators propose.</param>
public sealed record SimulationOptions(
    int Seed,
    int Anchors = 4,
    int Faults = 1,
    PlantedBug Bug = PlantedBug.None,
    bool RealSignatures = false,
    int Operations = 6)
{
    /// <summary>
    /// A run about epochs alone: nobody publishes, anchors are cut off for longer than a round, and the liar does what
    /// it can to have two epochs decided.
    /// </summary>
    public bool Rounds { get; init; }

    /// <summary>Whether liars also gossip entries that no publisher signed, and witness seals that nobody
    /// made.</summary>
    public bool Forges { get; init; }

    /// <summary>Whether there are other segments, whose seals are witnessed.</summary>
    public bool Neighbours { get; init; }

    /// <summary>
    /// Whether clocks of honest anchors leap ahead by up to an hour, of up to all of them, and are set right again.
    /// No two of them leap alike: T anchors that agree on a time make it the segment's, and what they certified then no
    /// later seal may precede (V46). Nor do liars burn slots: a leader whose clock is ahead takes any number for one
    /// that may be used, and is bound by what it signs there until its clock gets to it.
    /// </summary>
    public bool Clocks { get; init; }

    /// <summary>T of the run.</summary>
    public int Threshold => Bug == PlantedBug.LowThreshold ? 3 : (2 * Anchors / 3) + 1;
}

/// <summary>How a run ended.</summary>
/// <param name="Options">The run.</param>
/// <param name="Violation">The invariant that broke with the step and detail; null where all held.</param>
/// <param name="Steps">Events that happened.</param>
/// <param name="Seals">Certified seals.</param>
/// <param name="Published">Entries that honest anchors accepted.</param>
/// <param name="Settled">Those of them that ended sealed or superseded.</param>
/// <param name="Epochs">Decided epochs.</param>
/// <param name="Witnesses">Witnesses that certified seals put.</param>
/// <param name="Leaps">How often a clock leapt ahead.</param>
/// <param name="Transcript">A digest over everything that happened.</param>
public sealed record SimulationResult(
    SimulationOptions Options,
    Violation? Violation,
    long Steps,
    int Seals,
    int Published,
    int Settled,
    int Epochs,
    int Witnesses,
    int Leaps,
    string Transcript);

/// <summary>A broken invariant.</summary>
/// <param name="Invariant">Its number, such as I1.</param>
/// <param name="Step">The event at which it broke.</param>
/// <param name="Detail">What was seen.</param>
public sealed record Violation(string Invariant, long Step, string Detail);
