
namespace Fairlead.Resolver;

/// <summary>What the cache may be told. Durations in milliseconds.</summary>
public sealed record NameCacheOptions
{
    /// <summary>The most home anchors that can be told apart.</summary>
    public const int AnchorsMax = 64;

    /// <summary>How many home anchors there are to ask.</summary>
    public required int Anchors { get; init; }

    /// <summary>How many names are held at most.</summary>
    /// <value>10,000 by default. A further name takes the place of the one that was wanted the longest ago, where <see
    /// cref="BareMax"/> allows that.</value>
    public int NamesMax { get; init; } = 10_000;

    /// <summary>How many names without a record may be there before it is one of them that leaves for another, though
    /// it may have been wanted later: what is made up has none.</summary>
    /// <value>1,000 by default.</value>
    public int BareMax { get; init; } = 1_000;

    /// <summary>How many bytes of answers are held at most, by their size on the wire.</summary>
    /// <value>64 MiB by default.</value>
    public long BytesMax { get; init; } = 64 * 1_048_576;

    /// <summary>Says which names are never given up for others; they count, and may exceed the bytes. A name that
    /// changes sides must be wanted again to be treated so.</summary>
    public Func<string, bool> IsKept { get; init; } = static _ => false;

    /// <summary>Says which names others bring with them that are kept: these are kept too, but of no more than half of
    /// <see cref="NamesMax"/> and of <see cref="BytesMax"/>, since a stranger chooses them. Beyond that they go like
    /// any other.</summary>
    public Func<string, bool> IsKeptPart { get; init; } = static _ => false;

    /// <summary>The shortest silence after which another anchor is asked beside the first.</summary>
    /// <value>20 ms by default.</value>
    public long HedgeMin { get; init; } = 20;

    /// <summary>The longest; also what holds until enough answers were timed.</summary>
    /// <value>200 ms by default.</value>
    public long HedgeMax { get; init; } = 200;

    /// <summary>How many names at most are asked for beside silent anchors at once.</summary>
    /// <value>32 by default.</value>
    public int HedgesMax { get; init; } = 32;

    /// <summary>How many names of one segment are asked for at once; others wait for their turn.</summary>
    /// <value>64 by default.</value>
    public int AsksMax { get; init; } = 64;

    /// <summary>How long an anchor may take before another one is asked.</summary>
    /// <value>2 s by default.</value>
    public long AskPatience { get; init; } = 2_000;

    /// <summary>
    /// How long before clients drop a strict name by themselves its answer is left, and the step in which they are told
    /// when that is; 0 to keep it to its end, for who tells no clients.
    /// </summary>
    /// <value>250 ms by default.</value>
    public long Notice { get; init; } = 250;

    /// <summary>The pause after every anchor failed once; it doubles up to <see cref="BackoffMax"/>. Below that it is
    /// up to half longer for each name, at random.</summary>
    /// <value>1 s by default.</value>
    public long Backoff { get; init; } = 1_000;

    /// <summary>The longest pause.</summary>
    /// <value>30 s by default.</value>
    public long BackoffMax { get; init; } = 30_000;

    /// <summary>
    /// How long an anchor whose answer failed a check is asked only after the others; it doubles with every refusal in
    /// a row up to <see cref="DistrustMax"/>.
    /// </summary>
    /// <value>60 s by default.</value>
    public long Distrust { get; init; } = 60_000;

    /// <summary>The longest distrust.</summary>
    /// <value>10 minutes by default.</value>
    public long DistrustMax { get; init; } = 600_000;

    /// <summary>
    /// How long a name that had to leave an anchor stays with another before it tries to go back, where the anchor is
    /// not avoided for longer; it doubles with every try in vain up to <see cref="ReturnAfterMax"/>.
    /// </summary>
    /// <value>5 s by default.</value>
    public long ReturnAfter { get; init; } = 5_000;

    /// <summary>The longest wait before a name tries to go back.</summary>
    /// <value>60 s by default.</value>
    public long ReturnAfterMax { get; init; } = 60_000;

    /// <summary>Names that may go back do so at a random moment within this time.</summary>
    /// <value>2 s by default.</value>
    public int ReturnSpread { get; init; } = 2_000;
}
