namespace Fairlead.Store;

/// <summary>The lives of leases on a monotonic clock: numbers and deadlines only, nothing of keys. Not safe for
/// concurrent use: it belongs to the store that holds its lock.</summary>
internal sealed class LeaseTable(TimeProvider time)
{
    private readonly Dictionary<long, (TimeSpan Ttl, long Deadline)> _leases = [];
    private readonly SortedSet<(long Deadline, long Id)> _byDeadline = [];

    public int Count => _leases.Count;

    public bool Contains(long id) => _leases.ContainsKey(id);

    /// <summary>Adds a lease, or starts the life of the one that has this number anew.</summary>
    public void Start(long id, TimeSpan ttl)
    {
        Remove(id);
        var life = (long)((Int128)ttl.Ticks * time.TimestampFrequency / TimeSpan.TicksPerSecond);
        var deadline = time.GetTimestamp() + life;
        _leases.Add(id, (ttl, deadline));
        _byDeadline.Add((deadline, id));
    }

    public void Remove(long id)
    {
        if (_leases.Remove(id, out var lease))
        {
            _byDeadline.Remove((lease.Deadline, id));
        }
    }

    public TimeSpan Ttl(long id) =>
        _leases.TryGetValue(id, out var lease) ? lease.Ttl : throw StoreException.NoLease(id);

    public TimeSpan Remaining(long id) =>
        _leases.TryGetValue(id, out var lease) ? Until(lease.Deadline) : throw StoreException.NoLease(id);

    /// <summary>The lease whose life ended first, or null when none has ended.</summary>
    public long? FirstDue() =>
        _byDeadline.Count > 0 && _byDeadline.Min.Deadline <= time.GetTimestamp() ? _byDeadline.Min.Id : null;

    /// <summary>How long until the next life ends; null without leases.</summary>
    public TimeSpan? NextDue() => _byDeadline.Count > 0 ? Until(_byDeadline.Min.Deadline) : null;

    private TimeSpan Until(long deadline)
    {
        var now = time.GetTimestamp();
        return deadline <= now ? TimeSpan.Zero : time.GetElapsedTime(now, deadline);
    }
}
