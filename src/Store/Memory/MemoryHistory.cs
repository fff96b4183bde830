namespace Fairlead.Store.Memory;

/// <summary>All versions of all keys in the order in which they came. Not safe for concurrent use.</summary>
internal sealed class MemoryHistory
{
    private readonly List<StoreEntry> _log = [];
    private readonly SortedDictionary<StoreKey, List<StoreEntry>> _keys = [];

    /// <summary>The newest sealed revision. An empty store has 1, as in etcd.</summary>
    public long Revision { get; private set; } = 1;

    public long Compacted { get; private set; }

    /// <summary>The revision a reader inside a transaction sees: one more once the transaction has written.</summary>
    public long Writing => _log.Count > 0 ? Math.Max(Revision, _log[^1].ModRevision) : Revision;

    public void CheckReadable(long revision)
    {
        if (revision > Revision)
        {
            throw StoreException.Future(revision, Revision);
        }

        if (revision != 0 && revision < Compacted)
        {
            throw StoreException.Compacted(revision, Compacted);
        }
    }

    public StoreEntry? Newest(StoreKey key) => At(key, long.MaxValue);

    public IReadOnlyList<StoreKey> LiveKeys(KeyRange range) =>
        [.. _keys.Keys.Where(key => range.Contains(key) && Newest(key) is not null)];

    public IReadOnlyList<StoreKey> KeysOf(long lease) => [.. _keys.Keys.Where(key => Newest(key)?.Lease == lease)];

    public RangeResult Range(RangeRequest request, long newest, StoreLimits limits)
    {
        var revision = request.Revision == 0 ? newest : request.Revision;
        var found = _keys.Keys.Where(request.Range.Contains).Select(key => At(key, revision)).OfType<StoreEntry>();
        var all = found.ToList();
        var taken = new List<StoreEntry>();
        long bytes = 0;
        foreach (var entry in request.CountOnly ? [] : all.Take(RequestRules.Limit(request, limits)))
        {
            var shown = request.KeysOnly ? entry with { Value = default } : entry;
            bytes += shown.Key.Length + shown.Value.Length;
            if (taken.Count > 0 && bytes > limits.RangeBytesMax)
            {
                break;
            }

            taken.Add(shown);
        }

        return new RangeResult(newest, taken, !request.CountOnly && taken.Count < all.Count, all.Count);
    }

    public void Put(StoreKey key, byte[] value, long lease)
    {
        var old = Newest(key);
        var revision = Revision + 1;
        Append(new StoreEntry(key, value, old?.CreateRevision ?? revision, revision, (old?.Version ?? 0) + 1, lease));
    }

    public long Delete(IReadOnlyList<StoreKey> keys)
    {
        foreach (var key in keys)
        {
            Append(new StoreEntry(key, default, 0, Revision + 1, 0, 0));
        }

        return keys.Count;
    }

    /// <summary>Ends the transaction: what it wrote becomes the newest revision.</summary>
    public void Seal() => Revision = Writing;

    /// <summary>The changes of a range from a revision on, and the revision up to which there are none left.</summary>
    public (IReadOnlyList<WatchBatch> Batches, long Scanned) Since(KeyRange range, long start)
    {
        if (start < Compacted)
        {
            throw StoreException.Compacted(start, Compacted);
        }

        var first = _log.FindLastIndex(e => e.ModRevision < start) + 1;
        var batches = _log.Skip(first).Where(e => range.Contains(e.Key))
            .GroupBy(e => e.ModRevision)
            .Select(g => new WatchBatch(g.Key, [.. g]));
        return ([.. batches], Revision);
    }

    /// <summary>Keeps, of each key, what a read at or after the revision can see, and the changes of the revision
    /// itself.</summary>
    public void Compact(long revision)
    {
        if (revision <= Compacted)
        {
            throw StoreException.Compacted(revision, Compacted);
        }

        CheckReadable(revision);
        foreach (var (key, versions) in _keys.ToList())
        {
            var seen = versions.FindLast(v => v.ModRevision <= revision);
            versions.RemoveAll(v => v.ModRevision < revision && (!ReferenceEquals(v, seen) || v.IsDeletion));
            if (versions.Count == 0)
            {
                _keys.Remove(key);
            }
        }

        var kept = _keys.Values.SelectMany(v => v).ToHashSet(ReferenceEqualityComparer.Instance);
        _log.RemoveAll(e => !kept.Contains(e));
        Compacted = revision;
    }

    private StoreEntry? At(StoreKey key, long revision)
    {
        var entry = _keys.TryGetValue(key, out var versions) ? versions.FindLast(v => v.ModRevision <= revision) : null;
        return entry is { IsDeletion: false } ? entry : null;
    }

    private void Append(StoreEntry entry)
    {
        _log.Add(entry);
        if (!_keys.TryGetValue(entry.Key, out var versions))
        {
            _keys.Add(entry.Key, versions = []);
        }

        versions.Add(entry);
    }
}
