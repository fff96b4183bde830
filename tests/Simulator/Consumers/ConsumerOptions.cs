namespace Fairlead.Simulator.Consumers;

/// <summary>A mistake planted into a consumer, which an invariant must catch.</summary>
public enum ConsumerBug
{
    /// <summary>None: every run must hold.</summary>
    None,

    /// <summary>A restart begins with a state older than the one that answers were used under.</summary>
    OldDisk,

    /// <summary>Answers are verified as of five seconds ago.</summary>
    LateClock,

    /// <summary>The clock by which answers end runs at a quarter of its speed.</summary>
    SlowClock,

    /// <summary>Endpoints of other segments may be anywhere.</summary>
    AdmitsAnyAddress,

    /// <summary>As many of us1's keys are in one hand as seal and decide.</summary>
    StolenQuorum,

    /// <summary>A denial of a name that is not there lives shorter than one of a name that is.</summary>
    TellingDenials,

    /// <summary>A refused answer is taken for a failure of the network.</summary>
    ForgivesLies,
}

/// <summary>One run of a consumer.</summary>
/// <param name="Seed">Everything that happens follows from it; keys are drawn anew, and nothing depends on
/// them.</param>
/// <param name="Seconds">How long it lasts, in virtual time.</param>
/// <param name="Bug">The planted mistake.</param>
public sealed record ConsumerOptions(int Seed, int Seconds = 120, ConsumerBug Bug = ConsumerBug.None);

/// <summary>How a run ended.</summary>
/// <param name="Invariant">The one that broke; null where all held.</param>
/// <param name="Detail">How it broke.</param>
/// <param name="Transcript">What became of the names, in order: the same in every run of the seed.</param>
public sealed record ConsumerResult(string? Invariant, string Detail, IReadOnlyList<string> Transcript)
{
    /// <summary>Answers that were accepted.</summary>
    public int Accepted { get; init; }

    /// <summary>Answers that were refused.</summary>
    public int Refused { get; init; }
}
