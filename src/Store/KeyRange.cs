namespace Fairlead.Store;

/// <summary>The keys from <see cref="Start"/> up to, not including, <see cref="End"/>; without an end, all keys from
/// the start on. Every shape of etcd's <c>key</c>/<c>range_end</c> pair is one of these. Immutable.</summary>
public sealed record KeyRange
{
    private KeyRange(StoreKey start, StoreKey? end)
    {
        Start = start;
        End = end;
    }

    /// <summary>Every key.</summary>
    public static KeyRange All { get; } = new(default, null);

    /// <summary>The first key of the range, inclusive; the empty key stands before all others.</summary>
    public StoreKey Start { get; }

    /// <summary>The key that ends the range, exclusive; null means no end.</summary>
    public StoreKey? End { get; }

    /// <summary>Exactly <paramref name="key"/>.</summary>
    public static KeyRange Single(StoreKey key) => new(key, key.Next());

    /// <summary>All keys that begin with <paramref name="prefix"/>; an empty prefix is <see cref="All"/>.</summary>
    public static KeyRange Prefix(StoreKey prefix)
    {
        var end = prefix.ToArray();
        var length = end.Length;
        while (length > 0 && end[length - 1] == 0xFF)
        {
            length--;
        }

        if (length == 0)
        {
            return new(prefix, null);
        }

        end[length - 1]++;
        return new(prefix, new StoreKey(end.AsSpan(0, length)));
    }

    /// <summary>All keys that begin with the UTF-8 form of <paramref name="prefix"/>.</summary>
    public static KeyRange Prefix(string prefix) => Prefix(StoreKey.FromText(prefix));

    /// <summary>From <paramref name="start"/> up to, not including, <paramref name="end"/>; empty when the end does
    /// not sort above the start.</summary>
    public static KeyRange Between(StoreKey start, StoreKey end) => new(start, end);

    /// <summary>From <paramref name="start"/> to the last key.</summary>
    public static KeyRange From(StoreKey start) => new(start, null);

    /// <summary>Whether <paramref name="key"/> lies in the range.</summary>
    public bool Contains(StoreKey key) => key >= Start && (End is not { } end || key < end);

    /// <inheritdoc/>
    public override string ToString() => End is { } end ? $"[{Start}, {end})" : $"[{Start}, )";
}
