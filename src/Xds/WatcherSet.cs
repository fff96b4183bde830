namespace Fairlead.Xds;

/// <summary>
/// Watchers of one name, in the order of their numbers: a thousand streams of a hundred names each stand in a hundred
/// of these, so each place is one reference. Not safe for concurrent use.
/// </summary>
internal sealed class WatcherSet
{
    private IViewWatcher[] _watchers = [];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The watchers.</summary>
    public ReadOnlySpan<IViewWatcher> All => _watchers.AsSpan(0, Count);

    /// <summary>Adds one; nothing happens if it is there.</summary>
    public void Add(IViewWatcher watcher)
    {
        var place = Find(watcher);
        if (place >= 0)
        {
            return;
        }

        if (Count == _watchers.Length)
        {
            Array.Resize(ref _watchers, Math.Max(1, Count + (Count / 4) + 1));
        }

        place = ~place;
        Array.Copy(_watchers, place, _watchers, place + 1, Count - place);
        _watchers[place] = watcher;
        Count++;
    }

    /// <summary>Takes one out; nothing happens if it is not there.</summary>
    public void Remove(IViewWatcher watcher)
    {
        var place = Find(watcher);
        if (place < 0)
        {
            return;
        }

        Count--;
        Array.Copy(_watchers, place + 1, _watchers, place, Count - place);
        _watchers[Count] = null!;
        if (Count < _watchers.Length / 2)
        {
            Array.Resize(ref _watchers, Count);
        }
    }

    // Where it stands, or the complement of where it would. Those that come last are looked for first: they join and
    // watch.
    private int Find(IViewWatcher watcher)
    {
        if (Count == 0 || _watchers[Count - 1].Number < watcher.Number)
        {
            return ~Count;
        }

        return All.BinarySearch(new ByNumber(watcher.Number));
    }

    private readonly struct ByNumber(long number) : IComparable<IViewWatcher>
    {
        public int CompareTo(IViewWatcher? other) => number.CompareTo(other!.Number);
    }
}
