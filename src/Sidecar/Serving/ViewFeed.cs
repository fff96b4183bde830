using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Keeps the view of one kind of client in step with what is served for each name, and passes on which names those
/// clients ask for. Thread-safe.
/// </summary>
/// <remarks>
/// A client that asks for everything hears nothing before the view is primed: when each import has an answer, a reason
/// why not, or the shape that it had before a restart; after the first patience it is enough that one has. An empty
/// world is never told because time ran out.
/// </remarks>
internal sealed class ViewFeed : IResourceInterest
{
    private readonly ClientKind _client;
    private IReadOnlySet<string> _imports;
    private readonly HashSet<string> _unknown;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServedName> _names = new(StringComparer.Ordinal);
    private readonly Spellings _spellings;
    private readonly Dictionary<string, HashSet<(ResourceType Type, string Name)>> _published =
        new(StringComparer.Ordinal);

    private bool _isPatienceOver;

    /// <summary>A view that holds nothing; it is primed only where there are no imports.</summary>
    /// <param name="client">Whom it is for.</param>
    /// <param name="imports">The names that belong to "everything".</param>
    /// <param name="interest">Hears a name, and whether it is wanted from now on or no longer.</param>
    internal ViewFeed(ClientKind client, IReadOnlySet<string> imports, Action<string, bool> interest)
    {
        _client = client;
        _imports = imports;
        _unknown = [.. imports];
        _spellings = new Spellings(interest);
        View = new ResourceView(this);
        View.Update(Prime);
    }

    /// <summary>What clients see.</summary>
    internal ResourceView View { get; }

    /// <summary>Serves this from now on.</summary>
    internal void Publish(ServedName name)
    {
        lock (_gate)
        {
            var before = _names.GetValueOrDefault(name.Name);
            _names[name.Name] = name;
            if (name.IsKnown)
            {
                _unknown.Remove(name.Name);
            }

            View.Update(builder =>
            {
                var wasPrimed = builder.Primed;
                Rebuild(builder, name);
                Prime(builder);
                if (builder.Primed && wasPrimed && _imports.Contains(name.Name) && !HasSameRoutes(before, name))
                {
                    SetRoutes(builder);
                }
            });
        }
    }

    /// <summary>Serves this unless something of the name is served already.</summary>
    internal void PublishFirst(ServedName name)
    {
        lock (_gate)
        {
            if (!_names.ContainsKey(name.Name))
            {
                Publish(name);
            }
        }
    }

    /// <summary>From now on it is enough that something is known.</summary>
    internal void EndPatience()
    {
        lock (_gate)
        {
            _isPatienceOver = true;
            View.Update(Prime);
        }
    }

    /// <summary>Whether more is known of a name than that somebody wants it.</summary>
    internal bool Knows(string name)
    {
        lock (_gate)
        {
            return IsKnown(name);
        }
    }

    /// <summary>These names belong to "everything" from now on. What was one stays, for who asks for it by name, until
    /// it is removed.</summary>
    internal void Import(IReadOnlySet<string> imports)
    {
        lock (_gate)
        {
            var changed = _imports.Except(imports).Concat(imports.Except(_imports)).ToList();
            _imports = imports;
            _unknown.IntersectWith(imports);
            if (!View.Current.Primed)
            {
                // One that is merely wanted is as unknown as one that nobody asked for.
                _unknown.UnionWith(changed.Where(name => imports.Contains(name) && !IsKnown(name)));
            }

            View.Update(builder =>
            {
                foreach (var name in changed)
                {
                    if (_names.TryGetValue(name, out var served))
                    {
                        Rebuild(builder, served);
                    }
                }

                Prime(builder);
                if (builder.Primed)
                {
                    SetRoutes(builder);
                }
            });
        }
    }

    /// <summary>Takes a name out of the view, unless it is an import.</summary>
    internal void Remove(string name)
    {
        lock (_gate)
        {
            if (_imports.Contains(name))
            {
                return;
            }

            _names.Remove(name);
            if (_published.Remove(name, out var resources))
            {
                View.Update(builder =>
                {
                    foreach (var (type, resource) in resources)
                    {
                        builder.Remove(type, resource);
                    }
                });
            }
        }
    }

    public void Wanted(ResourceType type, string name) => Count(name, +1);

    public void Unwanted(ResourceType type, string name) => Count(name, -1);

    // An endpoint request is always answered: a client must not wait for a cluster that it was given. Who asks holds a
    // snapshot that may be older than what was published meanwhile: the newer one answers, and no "none" before it.
    public Resource? Missing(ResourceType type, string name) =>
        type == ResourceType.Endpoints && !IsComing(name) ? Resource.EmptyEndpoints(name) : null;

    /// <summary>How many names are held; for tests.</summary>
    internal int Held()
    {
        lock (_gate)
        {
            return Math.Max(_names.Count, Math.Max(_published.Count, _spellings.Names));
        }
    }

    private bool IsComing(string spelling)
    {
        lock (_gate)
        {
            return ClusterNames.TryRead(spelling, out var name, out _)
                && ((_names.TryGetValue(name, out var served) && served.IsPending)
                    || (_published.TryGetValue(name, out var resources)
                        && resources.Contains((ResourceType.Endpoints, spelling))));
        }
    }

    private void Count(string spelling, int change)
    {
        // The names of the sidecar's own resources are nobody's service.
        if (spelling is WellKnown.Routes or "*" or "" || !ClusterNames.TryRead(spelling, out var name, out _))
        {
            return;
        }

        lock (_gate)
        {
            if (_spellings.Count(name, spelling, change) && _names.TryGetValue(name, out var served))
            {
                View.Update(builder => Rebuild(builder, served));
            }
        }
    }

    private bool IsKnown(string name) => _names.GetValueOrDefault(name) is { IsKnown: true };

    private void Rebuild(SnapshotBuilder builder, ServedName name)
    {
        var next = new HashSet<(ResourceType, string)>();
        var resources = ServiceResources.Of(_client, name, _imports.Contains(name.Name), _spellings.Of(name.Name));
        foreach (var (resource, wildcard) in resources)
        {
            if (next.Add((resource.Type, resource.Name)))
            {
                builder.Set(resource, wildcard);
            }
        }

        foreach (var (type, gone) in _published.GetValueOrDefault(name.Name) ?? [])
        {
            if (!next.Contains((type, gone)))
            {
                builder.Remove(type, gone);
            }
        }

        _published[name.Name] = next;
    }

    private void Prime(SnapshotBuilder builder)
    {
        if (!builder.Primed && (_unknown.Count == 0 || (_isPatienceOver && _unknown.Count < _imports.Count)))
        {
            builder.MarkPrimed();
            SetRoutes(builder);
        }
    }

    // Routes of some imports only would take the others from an Envoy that holds them since before a restart.
    private void SetRoutes(SnapshotBuilder builder)
    {
        if (_client == ClientKind.Envoy)
        {
            var imports = _imports.Select(name => _names.GetValueOrDefault(name)).OfType<ServedName>();
            builder.Set(Resource.Create(RouteTranslation.Standalone(imports)));
        }
    }

    private static bool HasSameRoutes(ServedName? before, ServedName after) =>
        before is not null && before.Ports.SequenceEqual(after.Ports)
        && (before.Reason == after.Reason || (IsRouted(before) && IsRouted(after)));

    private static bool IsRouted(ServedName name) => name.Reason is not (Reasons.Absent or Reasons.Denied);
}
