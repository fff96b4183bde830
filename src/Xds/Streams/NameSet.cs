using System.Collections;

namespace Fairlead.Xds.Streams;

/// <summary>Names of which a stream has none most of the time: while it has none there is no table of them. Not safe
/// for concurrent use.</summary>
internal sealed class NameSet : IReadOnlyCollection<string>
{
    private HashSet<string>? _names;

    /// <inheritdoc/>
    public int Count => _names?.Count ?? 0;

    public bool Contains(string name) => _names?.Contains(name) == true;

    public void Add(string name) => (_names ??= new(StringComparer.Ordinal)).Add(name);

    public void UnionWith(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            Add(name);
        }
    }

    /// <returns>Whether it was there.</returns>
    public bool Remove(string name)
    {
        var isRemoved = _names?.Remove(name) == true;
        Shrink();
        return isRemoved;
    }

    public void IntersectWith(IEnumerable<string> names)
    {
        _names?.IntersectWith(names);
        Shrink();
    }

    public void RemoveWhere(Predicate<string> isGone)
    {
        _names?.RemoveWhere(isGone);
        Shrink();
    }

    public void Clear() => _names = null;

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => (_names ?? Enumerable.Empty<string>()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Shrink() => _names = Count > 0 ? _names : null;
}
