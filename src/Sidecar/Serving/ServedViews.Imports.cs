using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>Which names belong to "everything".</summary>
internal sealed partial class ServedViews
{
    // No imports any more, but with ports of TCP to which connections may be open: no Envoy asks about a cluster that
    // was taken away, so that these end first. With the newest word on each, for who asks for it by itself: until its
    // connections have ended and its cluster is gone it is told as one of which nothing is known.
    private readonly Dictionary<string, (ServedName? Word, bool IsShown)> _leaving = new(StringComparer.Ordinal);

    /// <summary>These names belong to "everything" from now on. Clients that are told of names already hear of a new
    /// one at once, without endpoints until its traversal ends; what is settled stays so. Connections of TCP to a
    /// strict name that belongs to it no more end.</summary>
    internal void Import(IReadOnlySet<string> imports)
    {
        // Over the whole: what was kept of a name that comes back is told before any newer word on it.
        lock (_telling)
        {
            var (ending, back, unknown) = Exchange(imports);
            _shapes?.Import(imports);
            foreach (var name in unknown)
            {
                // Never over an answer that came in between.
                ServeFirst(Pending(name));
            }

            TellImports();
            ending.ForEach(LetGo);
            back.ForEach(Publish);
        }

        Settle();
    }

    // Those that end, what was kept of those that come back, and those of which nothing is known.
    private (List<string> Ending, List<ServedName> Back, List<string> Unknown) Exchange(IReadOnlySet<string> imports)
    {
        // A feed's lock is taken before this one, never behind it.
        var unknown = imports.Where(name => !_envoy.Knows(name)).ToList();
        lock (_gate)
        {
            List<string> ending = [.. _imports.Except(imports).Where(
                name => _served.TryGetValue(name, out var served) && _ends.MayHaveConnections(served))];
            List<ServedName> back =
                [.. imports.Where(_leaving.ContainsKey).Select(name => _leaving[name].Word).OfType<ServedName>()];
            unknown.AddRange(imports.Where(_leaving.Remove));
            unknown.RemoveAll(_imports.Contains);
            _imports = imports;
            ending.ForEach(name => _leaving[name] = (_served[name] with { Tcp = null }, true));
            _unanswered.IntersectWith(imports);
            _unanswered.UnionWith(unknown);
            return (ending, back, unknown);
        }
    }

    private void TellImports()
    {
        IReadOnlySet<string> shown;
        lock (_gate)
        {
            shown = Shown();
        }

        foreach (var feed in Feeds())
        {
            feed.Import(shown);
        }
    }

    // Under the lock.
    private IReadOnlySet<string> Shown() => _leaving.Count == 0 ? _imports
        : _leaving.Where(one => one.Value.IsShown).Select(one => one.Key).Concat(_imports)
            .ToHashSet(StringComparer.Ordinal);

    private bool IsImport(string name)
    {
        lock (_gate)
        {
            return _imports.Contains(name);
        }
    }

    // What is said of it meanwhile is told when it has left, to who wants it then.
    private bool IsLeaving(ServedName said)
    {
        lock (_gate)
        {
            if (!_leaving.TryGetValue(said.Name, out var leaving))
            {
                return false;
            }

            _leaving[said.Name] = leaving with { Word = said };
            return true;
        }
    }

    // Under the lock.
    private void HearNothing(string name)
    {
        if (_leaving.TryGetValue(name, out var leaving))
        {
            _leaving[name] = leaving with { Word = null };
        }
    }

    private void LetGo(string name)
    {
        lock (_telling)
        {
            ServedName before;
            lock (_gate)
            {
                if (!_leaving.ContainsKey(name))
                {
                    return;
                }

                before = _served[name];
            }

            Tell(_ends.Leave(before));
        }
    }

    // Their connections have ended, and their clusters must be gone before who asks for endpoints by name has any.
    private void Hide(List<string> names)
    {
        var isNews = false;
        lock (_gate)
        {
            foreach (var name in names)
            {
                if (_leaving.TryGetValue(name, out var leaving))
                {
                    _leaving[name] = leaving with { IsShown = false };
                    isNews = true;
                }
            }
        }

        if (isNews)
        {
            TellImports();
        }
    }

    private void Leave(List<string> names)
    {
        var left = new List<(string Name, ServedName? Word)>();
        lock (_gate)
        {
            foreach (var name in names)
            {
                if (!_leaving.Remove(name, out var leaving))
                {
                    continue;
                }

                var word = _wanted.ContainsKey(name) || _used.Contains(name) ? leaving.Word : null;
                left.Add((name, word));
                _forgotten.Remove(name);
                if (word is not null)
                {
                    // Nobody holds anything of it any more.
                    _served.Remove(name);
                }
            }
        }

        if (left.Count > 0)
        {
            TellImports();
        }

        foreach (var (name, word) in left)
        {
            if (word is null)
            {
                Drop(name);
            }
            else
            {
                Serve(word);
                Weigh(word);
            }
        }
    }
}
