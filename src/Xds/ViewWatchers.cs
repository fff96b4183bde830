namespace Fairlead.Xds;

/// <summary>Who watches what of a view: a change wakes those alone that it concerns. Safe for concurrent use; calls
/// nobody while it holds its lock.</summary>
internal sealed class ViewWatchers
{
    private readonly Lock _gate = new();
    private readonly HashSet<IViewWatcher> _all = [];
    private long _lastNumber;
    private readonly HashSet<IViewWatcher>[] _everything =
        [.. ResourceType.All.Select(_ => new HashSet<IViewWatcher>())];

    private readonly Dictionary<(ResourceType Type, string Name), WatcherSet> _named = [];

    /// <summary>A watcher that watches nothing yet.</summary>
    public void Join(IViewWatcher watcher)
    {
        lock (_gate)
        {
            watcher.Number = ++_lastNumber;
            _all.Add(watcher);
        }
    }

    /// <summary>A watcher goes, which gave up its names before.</summary>
    public void Leave(IViewWatcher watcher)
    {
        lock (_gate)
        {
            _all.Remove(watcher);
            foreach (var watchers in _everything)
            {
                watchers.Remove(watcher);
            }
        }
    }

    /// <summary>A watcher watches all names of a type, or no more.</summary>
    public void WatchAll(IViewWatcher watcher, ResourceType type, bool isWatching)
    {
        lock (_gate)
        {
            _ = isWatching ? _everything[type.Order].Add(watcher) : _everything[type.Order].Remove(watcher);
        }
    }

    /// <summary>A watcher watches some names more and some no more.</summary>
    public void Watch(IViewWatcher watcher, ResourceType type, IEnumerable<string> added, IEnumerable<string> removed)
    {
        lock (_gate)
        {
            foreach (var name in added)
            {
                if (!_named.TryGetValue((type, name), out var watchers))
                {
                    _named[(type, name)] = watchers = new WatcherSet();
                }

                watchers.Add(watcher);
            }

            foreach (var name in removed)
            {
                if (!_named.TryGetValue((type, name), out var watchers))
                {
                    continue;
                }

                watchers.Remove(watcher);
                if (watchers.Count == 0)
                {
                    _named.Remove((type, name));
                }
            }
        }
    }

    /// <summary>Wakes all.</summary>
    public void Wake()
    {
        IViewWatcher[] woken;
        lock (_gate)
        {
            woken = [.. _all];
        }

        Wake(woken);
    }

    /// <summary>Wakes whom a change of one of these concerns, each once.</summary>
    public void Wake(IReadOnlyCollection<(ResourceType Type, string Name)> changes)
    {
        IEnumerable<IViewWatcher> woken;
        lock (_gate)
        {
            woken = changes.Count == 1 ? Of(changes.First()) : Of(changes);
        }

        Wake(woken);
    }

    private IEnumerable<IViewWatcher> Of((ResourceType Type, string Name) change)
    {
        if (_everything[change.Type.Order].Count > 0)
        {
            return Of([change]);
        }

        return _named.TryGetValue(change, out var watchers) ? watchers.All.ToArray() : [];
    }

    private HashSet<IViewWatcher> Of(IReadOnlyCollection<(ResourceType Type, string Name)> changes)
    {
        var woken = new HashSet<IViewWatcher>();
        foreach (var type in changes.Select(change => change.Type).Distinct())
        {
            woken.UnionWith(_everything[type.Order]);
        }

        foreach (var change in changes)
        {
            if (!_named.TryGetValue(change, out var watchers))
            {
                continue;
            }

            foreach (var watcher in watchers.All)
            {
                woken.Add(watcher);
            }
        }

        return woken;
    }

    private static void Wake(IEnumerable<IViewWatcher> woken)
    {
        foreach (var watcher in woken)
        {
            watcher.Wake();
        }
    }
}
