namespace Fairlead.Governance;

/// <summary>Bounds of the sealing engine: what an input may hold, and what the engine keeps.</summary>
public static class SealLimits
{
    /// <summary>Most entries of one gossip message or page of a state.</summary>
    public const int EntriesPerMessage = 128;

    /// <summary>
    /// Most changes that a proposal adds on its own (4.3.2); merges after a failed slot may be larger.
    /// </summary>
    public const int NewChanges = 256;

    /// <summary>
    /// Bytes of documents and slices after which a proposal takes no further new change: it has to fit into one message
    /// and to be journaled at once. A single larger one still goes.
    /// </summary>
    public const int NewBytes = 1_048_576;

    /// <summary>
    /// Bytes of documents and slices up to which a proposal takes new changes, with those that were signed and are not
    /// certified: what several anchors signed apart has to fit into one message together. A single larger one still
    /// goes where there is nothing else.
    /// </summary>
    public const int MergedBytes = 4 * 1_048_576;

    /// <summary>
    /// Bytes of documents and slices of several entries in one message: half of what a message may have. A single
    /// larger entry still goes.
    /// </summary>
    public const int MessageBytes = 8 * 1_048_576;

    /// <summary>Most changes of any proposal, merges included.</summary>
    public const int Changes = 4096;

    /// <summary>Most Witnesses in a state: one leaf and one seal of about 2 KiB each.</summary>
    public const int Witnesses = 64;

    /// <summary>Most Witnesses that one seal puts: each costs every anchor the signatures of a seal.</summary>
    public const int WitnessesPerSeal = 16;

    /// <summary>For how long a segment that others could not check is not witnessed, in milliseconds.</summary>
    public const long WitnessPause = 60_000;

    /// <summary>Most entries known above the certified state; more are refused with RateLimited.</summary>
    public const int Pending = 200_000;

    /// <summary>Most signatures of one key in a term since the last certificate (4.3.2).</summary>
    public const int SignaturesPerTerm = 64;

    /// <summary>Certified states and change sets kept to serve others that are a little behind.</summary>
    public const int History = 64;

    /// <summary>The shortest time a leader is given, in milliseconds.</summary>
    public const long ShortestTurn = 50;

    /// <summary>The longest time a leader is given, in milliseconds.</summary>
    public const long LongestTurn = 5_000;
}
