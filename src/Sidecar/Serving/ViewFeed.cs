using Fairlead.Naming;
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
/// world is never told because time ran out. A name that is asked for by itself is told as pending once it was waited
/// for in vain, to those who hold nothing of it; routes, and endpoints of clusters that are not ours, earlier than what
/// a request waits for, but not before the home was met: an Envoy that warms would go on without them.
/// </remarks>
internal sealed partial class ViewFeed : IResourceInterest
{
    // The routes of all imports are one resource, which is made and sent as a whole: of thousands that change one after
    // the other it is not made thousands of times.
    private const int PacedFrom = 64;
    private static readonly TimeSpan RoutesApart = TimeSpan.FromMicroseconds(50);

    private readonly Audience _audience;
    private IReadOnlySet<string>? _used;
    private IReadOnlySet<string>? _usedNext;
    private readonly Patience? _patience;

    // Of what no request waits for: a stream that asks for it is answered within its first second, once the home was
    // met.
    private readonly Patience? _answers;
    private readonly HashSet<string> _unmet = new(StringComparer.Ordinal);
    private bool _isMet;
    private readonly Pace? _routesPace;
    private IReadOnlySet<string> _imports;
    private readonly HashSet<string> _unknown;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServedName> _names = new(StringComparer.Ordinal);
    private readonly Spellings _spellings;
    private readonly Spellings _assignments;
    private readonly Spellings _routes;
    private readonly CollectionContexts _contexts = new();
    private TimeSpan? _keptUntil;
    private readonly Dictionary<string, HashSet<(ResourceType Type, string Name)>> _published =
        new(StringComparer.Ordinal);

    private bool _isPatienceOver;
    private AddressFamilies _families;

    /// <summary>A view that holds nothing; it is primed only where there are no imports.</summary>
    /// <param name="audience">Whom it is for.</param>
    /// <param name="imports">The names that belong to "everything".</param>
    /// <param name="interest">Hears a name, and whether it is wanted from now on or no longer.</param>
    /// <param name="used">The names that belong to the collection beside the imports; null for none.</param>
    /// <param name="hold">How long a name is waited for before it is told as pending, and the clock; null for
    /// ever.</param>
    /// <param name="answerHold">How long routes, and endpoints of clusters that are not ours, are waited for, from when
    /// the home was met; null for no less than others.</param>
    internal ViewFeed(
        Audience audience,
        IReadOnlySet<string> imports,
        Action<string, bool> interest,
        IReadOnlySet<string>? used = null,
        (TimeSpan Time, TimeProvider Clock)? hold = null,
        TimeSpan? answerHold = null)
    {
        _audience = audience;
        _families = audience.Settings.Families ?? AddressFamilies.Both;
        _imports = imports;
        _used = _usedNext = used;
        _unknown = [.. imports];
        _spellings = new Spellings(interest);
        _assignments = new Spellings(interest);
        _routes = new Spellings(interest);
        _patience = hold is { } wait ? new Patience(wait.Time, wait.Clock, OnOverdue) : null;
        _answers = hold is { Time: var held, Clock: var time } && answerHold is { } early && early < held
            ? new Patience(early, time, OnOverdue) : null;
        _routesPace = hold is { Clock: var clock } ? new Pace(clock, OnRoutesDue) : null;
        View = new ResourceView(this);
        View.Update(Prime);
    }

    /// <summary>What clients see.</summary>
    internal ResourceView View { get; }

    /// <summary>Whether those are Envoys.</summary>
    internal bool IsForEnvoy => _audience.Client == ClientKind.Envoy;

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

            if (!name.IsPending)
            {
                EndWait(name.Name);
            }
            else if (IsWanted(name.Name))
            {
                Await(name.Name);
            }

            View.Update(builder =>
            {
                var wasPrimed = builder.Primed;
                Rebuild(builder, name);
                Prime(builder);
                if (builder.Primed && wasPrimed && _imports.Contains(name.Name) && !HasSameRoutes(before, name)
                    && (LeavesCluster(before, name)
                        || _routesPace?.Take(_imports.Count < PacedFrom ? default : _imports.Count * RoutesApart)
                            != false))
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
                RebuildAll(builder, changed);
                Prime(builder);
                if (builder.Primed)
                {
                    SetRoutes(builder);
                }
            });
        }
    }

    /// <summary>These names belong to the collection beside the imports, for who asks for it when nobody does now: who
    /// has it asks for what it needs, and is not told of everything under two names more. Nothing happens where there
    /// are none but imports.</summary>
    internal void Use(IReadOnlySet<string> used)
    {
        lock (_gate)
        {
            _usedNext = _used is null ? null : used;
        }
    }

    /// <summary>From now on clients may use the endpoints of names that are not strict until then, as <see
    /// cref="Resource.Until"/>, though they hear nothing more.</summary>
    internal void Keep(TimeSpan until)
    {
        lock (_gate)
        {
            _keptUntil = until;
            View.Update(builder =>
            {
                foreach (var (name, resources) in _published)
                {
                    if (_names.GetValueOrDefault(name) is { StrictUntil: null })
                    {
                        KeepAll(builder, resources, until);
                    }
                }
            });
        }
    }

    /// <summary>The pod has addresses of these families from now on: where the operator does not say what can be
    /// reached, that is.</summary>
    internal void Reach(AddressFamilies families)
    {
        lock (_gate)
        {
            if (_audience.Settings.Families is null && families != _families)
            {
                _families = families;
                View.Update(builder => RebuildAll(builder, [.. _names.Keys]));
            }
        }
    }

    private void KeepAll(
        SnapshotBuilder builder, IEnumerable<(ResourceType Type, string Name)> resources, TimeSpan until)
    {
        foreach (var (type, name) in resources.Where(one => one.Type == ResourceType.Endpoints))
        {
            if (View.Current.Find(type, name) is { Until: not null } endpoints)
            {
                builder.Set(endpoints.KeptUntil(until));
            }
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
            Drop(name);
        }
    }

    public void Wanted(ResourceType type, string name) => Count(type, name, +1);

    public void Unwanted(ResourceType type, string name) => Count(type, name, -1);

    // An endpoint request is always answered: a client must not wait for a cluster that it was given. Who asks holds a
    // snapshot that may be older than what was published meanwhile: the newer one answers, and no "none" before it.
    public Resource? Missing(ResourceType type, string name) =>
        type == ResourceType.Endpoints && !IsComing(name) ? Resource.EmptyEndpoints(name) : null;

    /// <summary>How many names are held; for tests.</summary>
    internal int Held()
    {
        lock (_gate)
        {
            return Math.Max(
                Math.Max(_names.Count, _published.Count),
                Math.Max(Math.Max(_spellings.Names, _routes.Names), _assignments.Names))
                + _spellings.Refused + _assignments.Refused + _routes.Refused;
        }
    }

    private bool IsComing(string spelling)
    {
        lock (_gate)
        {
            if (!ClusterNames.TryReadAssignment(spelling, out var name, out var port, out _)
                || _assignments.IsRefused(spelling))
            {
                return false;
            }

            if (_names.TryGetValue(name, out var served) && served.IsComing(port))
            {
                return true;
            }

            // What others of its spellings were told meanwhile is no word about the name.
            return served is not null && _published.TryGetValue(name, out var resources)
                ? resources.Contains((ResourceType.Endpoints, spelling))
                : _patience is not null && _assignments.Has(name) && IsService(name);
        }
    }

    private void Count(ResourceType type, string spelling, int change)
    {
        if (type == ResourceType.Cluster && ClusterNames.ContextOf(spelling) is { } context)
        {
            CountCollection(context, change);
            return;
        }

        // The names of the sidecar's own resources are nobody's service, and a collection is none.
        if (type == ResourceType.Secret || ClusterNames.IdOf(spelling) is Resource.SentinelId or "*"
            || spelling is WellKnown.Routes or "" || Collections.Of(spelling) is not null)
        {
            return;
        }

        if (type == ResourceType.Endpoints ? !ClusterNames.TryReadAssignment(spelling, out var name, out _, out _)
            : !ClusterNames.TryRead(spelling, out name, out _))
        {
            CountUnreadable(type, spelling, change);
            return;
        }

        lock (_gate)
        {
            var spellings = SpellingsOf(type);
            var wasWanted = IsWanted(name);
            var wasRefused = spellings.IsRefused(spelling);
            var isOther = spellings.Count(name, spelling, change);
            if (wasRefused || spellings.IsRefused(spelling))
            {
                if (isOther)
                {
                    ShowRefused(type, spelling, Reasons.TooManySpellings);
                }

                return;
            }

            var served = _names.GetValueOrDefault(name);
            if (!IsWanted(name))
            {
                EndWait(name);
            }
            else if (served is null or { IsPending: true } && IsService(name))
            {
                Await(name);
            }

            if (isOther && (served ?? Unserved(name)) is { } shown)
            {
                View.Update(builder =>
                {
                    if (wasWanted && IsWanted(name))
                    {
                        Respell(builder, shown, spelling);
                    }
                    else
                    {
                        Rebuild(builder, shown);
                    }
                });
            }
            else if (served is null && !IsWanted(name))
            {
                Drop(name);
            }
        }
    }

    // Whoever writes a host that is none waits for nothing.
    private void CountUnreadable(ResourceType type, string spelling, int change)
    {
        lock (_gate)
        {
            if (_patience is not null && type != ResourceType.Endpoints && SpellingsOf(type).Refuse(spelling, change))
            {
                ShowRefused(type, spelling, Reasons.Absent);
            }
        }
    }

    private bool IsWanted(string name) =>
        _spellings.Has(name) || _assignments.Has(name) || _routes.Has(name);

    // Routes by name are built for who asks for them alone: of gRPC they belong to each name.
    private Spellings SpellingsOf(ResourceType type) => type == ResourceType.Endpoints ? _assignments
        : type == ResourceType.Route && IsForEnvoy ? _routes : _spellings;

    private void Drop(string name)
    {
        if (_published.Remove(name, out var resources) && resources.Count > 0)
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

    private void RebuildAll(SnapshotBuilder builder, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            if (_names.TryGetValue(name, out var served))
            {
                Rebuild(builder, served);
            }
        }
    }

    private static bool IsService(string name) =>
        FullName.TryParse(name, out var full, out _) && full.Service is not null;

    private bool IsKnown(string name) => _names.GetValueOrDefault(name) is { IsKnown: true };

    private void Rebuild(SnapshotBuilder builder, ServedName name)
    {
        var next = new HashSet<(ResourceType, string)>();
        foreach (var (resource, wildcard) in ResourcesOf(name))
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

    // One spelling came or went: the others, of which there may be thousands, stay as they are. So does what the name
    // has itself, which a stranger would else have made anew by each port that he writes behind it.
    private void Respell(SnapshotBuilder builder, ServedName name, string spelling)
    {
        var published = _published.GetValueOrDefault(name.Name) ?? (_published[name.Name] = []);
        Replace(
            builder, published, spelling,
            ServiceResources.IsItsOwn(name, spelling)
                ? ResourcesOf(name, spelling)
                : ServiceResources.OfSpellings(
                    _audience, FamilyTranslation.Reachable(name, _families), DemandOf(name.Name, spelling))
                    .Select(resource => (resource, false)));
    }

    // Of what there is under a spelling these are left, whatever else they bring.
    private static void Replace(
        SnapshotBuilder builder,
        HashSet<(ResourceType, string)> published,
        string spelling,
        IEnumerable<(Resource Resource, bool Wildcard)> resources)
    {
        var next = new HashSet<(ResourceType, string)>();
        foreach (var (resource, wildcard) in resources)
        {
            if (next.Add((resource.Type, resource.Name)))
            {
                builder.Set(resource, wildcard);
            }
        }

        published.UnionWith(next);
        foreach (var type in ResourceType.All)
        {
            if (!next.Contains((type, spelling)) && published.Remove((type, spelling)))
            {
                builder.Remove(type, spelling);
            }
        }
    }

    // Answered by itself, at once, whatever becomes of a name.
    private void ShowRefused(ResourceType type, string spelling, string reason) => View.Update(builder =>
    {
        var spellings = SpellingsOf(type);
        foreach (var resource in spellings == _assignments ? []
            : spellings == _routes ? [Resource.Create(RouteTranslation.ByName(spelling, reason))]
            : ServiceResources.Dead(_audience, spelling, reason))
        {
            if (spellings.IsRefused(spelling))
            {
                builder.Set(resource);
            }
            else
            {
                builder.Remove(resource.Type, resource.Name);
            }
        }
    });

    // What nobody wants of this view is not built for it; it is when somebody asks. But bundles: who takes its clusters
    // from an authority's stream, which has another view, asks for those on streams of their own.
    private IEnumerable<(Resource Resource, bool Wildcard)> ResourcesOf(ServedName name, string? only = null)
    {
        var demand = DemandOf(name.Name, only);
        return IsShown(demand, name.Name)
            ? ServiceResources.Of(_audience, FamilyTranslation.Reachable(name, _families), demand)
            : _audience.Plain == EndpointSource.Stream
                ? ServiceResources.OfBundles(_audience, FamilyTranslation.Reachable(name, _families))
                : [];
    }

    private bool IsShown(Demand demand, string name) =>
        demand.IsImport || demand.Collections.Count > 0 || IsWanted(name);

    private Demand DemandOf(string name, string? only)
    {
        var isImport = _imports.Contains(name);
        return new Demand(
            isImport,
            isImport || _used?.Contains(name) == true ? _contexts.Built : [],
            SpellingsIn(_spellings, name, only),
            SpellingsIn(_assignments, name, only),
            _patience?.IsOver(name) == true,
            _keptUntil,
            SpellingsIn(_routes, name, only),
            _answers?.IsOver(name) == true);
    }

    private static IReadOnlyCollection<string> SpellingsIn(Spellings all, string name, string? only) =>
        only is null ? all.Of(name) : all.Has(name, only) ? [only] : [];

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
        if (_audience.Client == ClientKind.Envoy)
        {
            var imports = _imports.Select(name => _names.GetValueOrDefault(name)).OfType<ServedName>();
            builder.Set(Resource.Create(RouteTranslation.Standalone(imports)));
        }
    }

    private void OnRoutesDue()
    {
        lock (_gate)
        {
            _routesPace!.Done();
            View.Update(SetRoutes);
        }
    }

    // Routes to a cluster that goes now must not stay: those that were put off come with them.
    private static bool LeavesCluster(ServedName? before, ServedName after) =>
        before is not null && RouteTranslation.LeadToCluster(before)
        && (before.BarePort()?.Number != after.BarePort()?.Number
            || before.Ports.Any(port => after.Ports.All(other => other.Number != port.Number)));

    private static bool HasSameRoutes(ServedName? before, ServedName after) =>
        before is not null && before.Ports.SequenceEqual(after.Ports)
        && (before.Reason == after.Reason
            || (RouteTranslation.LeadToCluster(before) && RouteTranslation.LeadToCluster(after)));
}
