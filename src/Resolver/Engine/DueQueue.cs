namespace Fairlead.Resolver;

/// <summary>
/// The names in the order in which time alone changes something about them, so that a moment costs what is due then and
/// not what is held. Not thread-safe: one cache owns it.
/// </summary>
/// <remarks>
/// A name whose moment moved away stays queued for the earlier one and is put back when that comes: a renewal, which is
/// what moves moments, costs one surplus look and no search.
/// </remarks>
internal sealed class DueQueue
{
    private readonly PriorityQueue<NameEntry, (long Due, ulong Order)> _queue = new();
    private ulong _order;

    /// <summary>How many places are taken; for tests.</summary>
    internal int Count => _queue.Count;

    /// <summary>How many names were ever looked at because of the time; for tests.</summary>
    internal long Looks { get; private set; }

    /// <summary>Puts the name where it belongs now.</summary>
    internal void Put(NameEntry entry)
    {
        var due = entry.Due();
        if (due < entry.QueuedAt)
        {
            entry.QueuedAt = due;
            _queue.Enqueue(entry, (due, ++_order));
        }
    }

    /// <summary>The next moment; null for never.</summary>
    internal long? Next()
    {
        while (_queue.TryPeek(out var entry, out var at))
        {
            Looks++;
            if (entry.QueuedAt == at.Due && entry.Due() <= at.Due)
            {
                return at.Due;
            }

            _queue.Dequeue();
            Requeue(entry, at.Due);
        }

        return null;
    }

    /// <summary>Takes the next name that is due; null when none is.</summary>
    internal NameEntry? Take(long now)
    {
        if (Next() is not { } due || due > now)
        {
            return null;
        }

        var entry = _queue.Dequeue();
        entry.QueuedAt = long.MaxValue;
        return entry;
    }

    private void Requeue(NameEntry entry, long queuedFor)
    {
        if (entry.QueuedAt == queuedFor)
        {
            entry.QueuedAt = long.MaxValue;
            Put(entry);
        }
    }
}
