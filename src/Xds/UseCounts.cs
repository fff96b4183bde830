namespace Fairlead.Xds;

/// <summary>How many use each of some things: who asks whether a use is the first or the last of one. Not safe for
/// concurrent use.</summary>
internal sealed class UseCounts<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, int> _counts = [];

    /// <summary>One use more.</summary>
    /// <returns>Whether it is the first.</returns>
    public bool Add(TKey key) => (_counts[key] = _counts.GetValueOrDefault(key) + 1) == 1;

    /// <summary>One use fewer; nothing happens where there is none.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Remove(TKey key)
    {
        var count = _counts.GetValueOrDefault(key) - 1;
        if (count > 0)
        {
            _counts[key] = count;
            return false;
        }

        return _counts.Remove(key);
    }
}
