using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>Which names belong to "everything".</summary>
internal sealed partial class ServedViews
{
    // No imports any more, but with ports of TCP to which connections may be open: no Envoy asks about a cluster that
    // was taken away, so that these end like those of a name that is absent, and the cluster goes then.
    private readonly HashSet<string> _leaving = new(StringComparer.Ordinal);

    /// <summary>These names belong to "everything" from now on. Clients that are told of names already hear of a new
    /// one at once, without endpoints until its traversal ends; what is settled stays so. Connections of TCP to a
    /// strict name that belongs to it no more end.</summary>
    internal void Import(IReadOnlySet<string> imports)
    {
        // A feed's lock is taken before this one, never behind it.
        var unknown = imports.Where(name => !_envoy.Knows(name)).ToList();
        List<ServedName> ending;
        lock (_gate)
        {
            ending = [.. _imports.Except(imports).Select(name => _served.GetValueOrDefault(name)).OfType<ServedName>()
                .Where(name => !_wanted.ContainsKey(name.Name) && _ends.MayHaveConnections(name))];
            unknown.AddRange(imports.Where(_leaving.Remove));
            _leaving.UnionWith(ending.Select(name => name.Name));
            unknown.RemoveAll(_imports.Contains);
            _imports = imports;
            _unanswered.IntersectWith(imports);
            _unanswered.UnionWith(unknown);
        }

        _shapes?.Import(imports);

        foreach (var name in unknown)
        {
            // Never over an answer that came in between.
            ServeFirst(Pending(name));
        }

        TellImports();
        foreach (var name in ending)
        {
            Serve(ServedName.Without(name.Name, Reasons.Absent, name.Ports));
        }

        Settle();
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
    private IReadOnlySet<string> Shown() =>
        _leaving.Count == 0 ? _imports : _imports.Concat(_leaving).ToHashSet(StringComparer.Ordinal);

    private bool IsImport(string name)
    {
        lock (_gate)
        {
            return _imports.Contains(name);
        }
    }

    // Whoever asks for it by itself meanwhile has it back.
    private bool IsLeaving(string name)
    {
        lock (_gate)
        {
            if (!_leaving.Contains(name) || !_wanted.ContainsKey(name))
            {
                return _leaving.Contains(name);
            }

            _leaving.Remove(name);
        }

        TellImports();
        return false;
    }

    private void Leave(string name)
    {
        lock (_gate)
        {
            if (!_leaving.Remove(name))
            {
                return;
            }

            _forgotten.Remove(name);
        }

        TellImports();
        Drop(name);
    }
}
