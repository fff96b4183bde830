namespace Fairlead.Naming;

/// <summary>
/// The imported keys of a process by kid, since an import costs more than a check and the same few anchors sign epoch
/// after epoch. It says nothing about trust: a kid is a hash of the point, so what is found is that point and no other.
/// Bounded, with a second chance for what was asked for again; thread-safe.
/// </summary>
/// <remarks>
/// V52: only a key that has signed something true is kept, so points that were merely named take no place; and what is
/// pushed out costs one import when the key is next read, never more than without the cache, while whoever holds the
/// key goes on with the import it has.
/// </remarks>
internal sealed class ImportedKeys
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, int> _places = [];
    private readonly Entry[] _entries;
    private int _hand;

    /// <summary>An empty cache.</summary>
    /// <param name="capacity">The most keys kept.</param>
    internal ImportedKeys(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _entries = new Entry[capacity];
    }

    /// <summary>The one of this process: 4,096 keys, of about two kilobytes each.</summary>
    internal static ImportedKeys Process { get; } = new(4096);

    /// <summary>How many keys are kept.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _places.Count;
            }
        }
    }

    /// <summary>The import of a kid; null where it is not kept.</summary>
    internal ImportedKey? Find(in Digest kid)
    {
        lock (_gate)
        {
            if (!_places.TryGetValue(kid, out var place))
            {
                return null;
            }

            ref var entry = ref _entries[place];
            entry.Again = true;
            return entry.Key;
        }
    }

    /// <summary>Keeps the import of a key that has just signed something true, unless the kid has one.</summary>
    internal void Keep(in Digest kid, ImportedKey key)
    {
        lock (_gate)
        {
            if (_places.ContainsKey(kid))
            {
                return;
            }

            // At most one round: what it passes has had its second chance.
            while (_entries[_hand].Again)
            {
                _entries[_hand].Again = false;
                _hand = (_hand + 1) % _entries.Length;
            }

            if (_entries[_hand].Key is not null)
            {
                _places.Remove(_entries[_hand].Kid);
            }

            _entries[_hand] = new Entry { Kid = kid, Key = key };
            _places.Add(kid, _hand);
            _hand = (_hand + 1) % _entries.Length;
        }
    }

    private struct Entry
    {
        public Digest Kid;
        public ImportedKey? Key;
        public bool Again;
    }
}
