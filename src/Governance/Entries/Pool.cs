namespace Fairlead.Governance;

/// <summary>
/// Entries known above the certified state: the greatest per name, in the order they became known. They are what a
/// leader merges and what makes others impatient with a leader that does not.
/// </summary>
internal sealed class Pool
{
    private readonly Dictionary<EntryName, PooledEntry> _byName = [];
    private readonly SortedDictionary<long, PooledEntry> _byOrder = [];
    private long _next;

    internal int Count => _byName.Count;

    /// <summary>Since when the oldest is known, by <see cref="EngineClock.Elapsed"/>; null when there is
    /// none.</summary>
    internal long? OldestArrival
    {
        get
        {
            foreach (var item in _byOrder.Values)
            {
                return item.Arrived;
            }

            return null;
        }
    }

    internal Entry? Find(EntryName name) => _byName.GetValueOrDefault(name)?.Entry;

    /// <summary>Keeps the greater of the known and the new entry, and the age of the name's first.</summary>
    internal void Add(Entry entry, long elapsed)
    {
        if (_byName.TryGetValue(entry.Name, out var known))
        {
            if (entry.IsAbove(known.Entry))
            {
                known.Entry = entry;
            }

            return;
        }

        var item = new PooledEntry(entry, elapsed, _next++);
        _byName.Add(entry.Name, item);
        _byOrder.Add(item.Order, item);
    }

    /// <summary>Oldest first.</summary>
    internal IEnumerable<Entry> InOrder() => _byOrder.Values.Select(i => i.Entry);

    internal void Remove(EntryName name)
    {
        if (_byName.Remove(name, out var item))
        {
            _byOrder.Remove(item.Order);
        }
    }

    private sealed class PooledEntry(Entry entry, long arrived, long order)
    {
        internal Entry Entry { get; set; } = entry;

        internal long Arrived { get; } = arrived;

        internal long Order { get; } = order;
    }
}
