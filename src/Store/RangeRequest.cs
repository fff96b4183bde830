namespace Fairlead.Store;

/// <summary>A read of the live keys of a range. Immutable.</summary>
/// <param name="Range">The keys to read.</param>
public sealed record RangeRequest(KeyRange Range)
{
    /// <value>The revision to read at; default 0, the newest. In a transaction the newest includes what the operations
    /// before this one wrote.</value>
    public long Revision { get; init; }

    /// <value>The most entries to return; default 0, which takes <see cref="StoreLimits.RangeEntriesMax"/>, as a
    /// greater number does.</value>
    public int Limit { get; init; }

    /// <value>Leave the values out; default false.</value>
    public bool KeysOnly { get; init; }

    /// <value>Return only the count; default false.</value>
    public bool CountOnly { get; init; }
}
