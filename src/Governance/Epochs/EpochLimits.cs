namespace Fairlead.Governance;

/// <summary>Bounds of the epoch engine: times of rounds, and what it keeps.</summary>
public static class EpochLimits
{
    /// <summary>T_0 in ms; a round r lasts 5 s * 2^min(r,6) (4.3.1).</summary>
    public const long FirstRound = 5_000;

    /// <summary>Most operations that wait because one anchor told of them; more are refused with RateLimited.</summary>
    public const int QueuedPerAnchor = 16;

    /// <summary>Most renewals that wait beside these because one anchor told of them: an epoch must not expire because
    /// somebody proposed much and forgot it.</summary>
    public const int RenewalsPerAnchor = 4;

    /// <summary>How long, in ms, after the first renewal that waits in its time, whatever others say of it or of what
    /// else waits, one without floors is proposed, and goes before all else.</summary>
    public const long FloorsPatience = 30_000;

    /// <summary>How long, in ms, an anchor waits for the one before it to propose a renewal.</summary>
    public const long RenewalTurn = 2_000;

    /// <summary>How long, in ms, an operation is kept after it would have ended: the clock that says so may be wrong,
    /// and set right in a while.</summary>
    public const long EndedKept = 3_600_000;

    /// <summary>How many floors of one other segment are remembered: anchors learn of an epoch one after the
    /// other.</summary>
    public const int FloorsKept = 16;

    /// <summary>How many other segments are remembered that no Link, Peer or uplink names.</summary>
    public const int StrangersKept = 1_024;

    /// <summary>Most digests in one list of a message.</summary>
    public const int DigestsPerMessage = 16 * 16;

    /// <summary>How far from the present round votes are kept, so that nobody fills the memory with rounds to
    /// come.</summary>
    public const long RoundsKept = 64;

    /// <summary>The longest time between two repetitions of what others may have missed, in ms.</summary>
    public const long LongestRepeat = 5_000;

    /// <summary>The shortest time between two repetitions, in ms.</summary>
    public const long ShortestRepeat = 500;

    /// <summary>How long a round lasts, in ms.</summary>
    /// <param name="round">From 0.</param>
    public static long RoundTime(long round) => FirstRound << (int)Math.Min(round, 6);
}
