using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Keeps the view of one kind of client in step with what is served for each name, and passes on which names those
/// clients ask for. Thread-safe.
/// </summary>
internal sealed class ViewFeed : IResourceInterest
{
    /// <summary>More ways than these to write one name are not a client's.</summary>
    private const int SpellingsMax = 32;

    private readonly ClientKind _client;
    private readonly IReadOnlySet<string> _imports;
    private readonly Action<string, bool> _interest;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServedName> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, int>> _spellings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<(ResourceType Type, string Name)>> _published = new(StringComparer.Ordinal);

    /// <summary>An unprimed view.</summary>
    /// <param name="client">Whom it is for.</param>
    /// <param name="imports">The names that belong to "everything".</param>
    /// <param name="interest">Hears a name, and whether it is wanted from now on or no longer.</param>
    internal ViewFeed(ClientKind client, IReadOnlySet<string> imports, Action<string, bool> interest)
    {
        _client = client;
        _imports = imports;
        _interest = interest;
        View = new ResourceView(this);
    }

    /// <summary>What clients see.</summary>
    internal ResourceView View { get; }

    /// <summary>Serves these from now on, in one step.</summary>
    internal void Publish(IReadOnlyCollection<ServedName> names)
    {
        lock (_gate)
        {
            foreach (var name in names)
            {
                _names[name.Name] = name;
            }

            View.Update(builder =>
            {
                foreach (var name in names)
                {
                    Rebuild(builder, name);
                }

                if (_imports.All(import => _names.TryGetValue(import, out var served) && served.Reason != "pending"))
                {
                    builder.MarkPrimed();
                }

                AddStandaloneRoutes(builder);
            });
        }
    }

    /// <summary>Serves what is known, even where some imports have neither an answer nor a failure yet.</summary>
    internal void Prime()
    {
        lock (_gate)
        {
            View.Update(builder =>
            {
                builder.MarkPrimed();
                AddStandaloneRoutes(builder);
            });
        }
    }

    /// <summary>Takes a name out of the view.</summary>
    internal void Remove(string name)
    {
        lock (_gate)
        {
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

    // An endpoint request is always answered: a client must not wait for a cluster that it was given.
    public Resource? Missing(ResourceType type, string name) =>
        type == ResourceType.Endpoints && !IsPending(name) ? Resource.EmptyEndpoints(name) : null;

    private bool IsPending(string spelling)
    {
        lock (_gate)
        {
            return ClusterNames.TryRead(spelling, out var name, out _)
                && _names.TryGetValue(name, out var served) && served.Reason == "pending";
        }
    }

    private void Count(string spelling, int change)
    {
        // The names of the sidecar's own resources are nobody's service.
        if (spelling is WellKnown.Routes or "*" or "" || !ClusterNames.TryRead(spelling, out var name, out _))
        {
            return;
        }

        bool? wanted = null;
        lock (_gate)
        {
            var before = _spellings.GetValueOrDefault(name);
            if (change > 0)
            {
                before ??= _spellings[name] = new Dictionary<string, int>(StringComparer.Ordinal);
                if (before.Count >= SpellingsMax && !before.ContainsKey(spelling))
                {
                    return;
                }

                wanted = before.Count == 0 ? true : null;
                before[spelling] = before.GetValueOrDefault(spelling) + 1;
            }
            else if (before is not null && before.TryGetValue(spelling, out var count))
            {
                if (count > 1)
                {
                    before[spelling] = count - 1;
                }
                else if (before.Remove(spelling) && before.Count == 0)
                {
                    _spellings.Remove(name);
                    wanted = false;
                }
            }

            if (_names.TryGetValue(name, out var served))
            {
                View.Update(builder => Rebuild(builder, served));
            }
        }

        if (wanted is { } now)
        {
            _interest(name, now);
        }
    }

    private void Rebuild(SnapshotBuilder builder, ServedName name)
    {
        IEnumerable<string> spellings = _spellings.TryGetValue(name.Name, out var asked) ? asked.Keys : [];
        var next = new HashSet<(ResourceType, string)>();
        foreach (var (resource, wildcard) in ServiceResources.Of(_client, name, _imports.Contains(name.Name), spellings))
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

    private void AddStandaloneRoutes(SnapshotBuilder builder)
    {
        // Routes of some imports only would take the others from an Envoy that holds them since before a restart.
        if (_client == ClientKind.Envoy && builder.Primed)
        {
            var imports = _names.Values.Where(name => _imports.Contains(name.Name));
            builder.Set(Resource.Create(RouteTranslation.Standalone(imports)));
        }
    }
}
