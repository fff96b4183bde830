using Fairlead.Xds;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// All resources of one name: its ports under their canonical names, and whatever spellings clients asked for, each
/// under its own name with the canonical assignment behind it. Pure.
/// </summary>
internal static class ServiceResources
{
    /// <summary>The resources of a name.</summary>
    /// <param name="audience">Whom they are for.</param>
    /// <param name="name">What is served.</param>
    /// <param name="demand">What of it is wanted.</param>
    /// <returns>Each resource, and whether it belongs to "everything", or to its collection.</returns>
    internal static IEnumerable<(Resource Resource, bool Wildcard)> Of(
        Audience audience, ServedName name, Demand demand)
    {
        name = Checkable(audience, name);
        foreach (var one in Canonical(audience, name, demand).Concat(Bundles(audience, name)))
        {
            yield return one;
        }

        if (IsBareDead(audience, name, demand))
        {
            foreach (var resource in Dead(audience, name.Name, ReasonOf(name) ?? Reasons.AmbiguousPort))
            {
                yield return (resource, resource.Type == ResourceType.Cluster);
            }
        }

        foreach (var resource in demand.Collections.SelectMany(context => Collected(audience, name, context)))
        {
            yield return (resource, resource.Type.FullState);
        }

        foreach (var resource in AskedFor(audience, name, demand))
        {
            yield return (resource, false);
        }
    }

    /// <summary>Whether a name has resources under this one whoever asks for it: that of a port, or its own.</summary>
    internal static bool IsItsOwn(ServedName name, string spelling)
    {
        var id = ClusterNames.IdOf(spelling);
        return id.StartsWith(name.Name, StringComparison.Ordinal) && (id.Length == name.Name.Length
            || name.Ports.Concat(name.Tcp?.Ports ?? []).Select(port => ClusterNames.Canonical(name.Name, port.Number))
                .Any(canonical => id == canonical || id == ClusterNames.Guarded(canonical)));
    }

    /// <summary>Those of its resources alone that there are because somebody asks for them: what a client writes, who
    /// may write anything, costs no more than that.</summary>
    internal static IEnumerable<Resource> OfSpellings(Audience audience, ServedName name, Demand demand) =>
        AskedFor(audience, Checkable(audience, name), demand);

    /// <summary>Those of its resources alone that belong to the collection of a context.</summary>
    internal static IEnumerable<Resource> OfCollection(Audience audience, ServedName name, string context) =>
        Collected(audience, Checkable(audience, name), context);

    /// <summary>Its bundles alone.</summary>
    internal static IEnumerable<(Resource Resource, bool Wildcard)> OfBundles(Audience audience, ServedName name) =>
        Bundles(audience, Checkable(audience, name));

    /// <summary>What a name may be called in the collection of a context.</summary>
    internal static IEnumerable<string> MembersOf(ServedName name, string context) =>
        name.Ports.Select(port => ClusterNames.Canonical(name.Name, port.Number)).Append(name.Name)
            .Select(id => ClusterNames.Located(id, context));

    private static ServedName Checkable(Audience audience, ServedName name) => audience.Client == ClientKind.Envoy
        ? TlsTranslation.Checkable(name) with { Tcp = name.Tcp is { } tcp ? TlsTranslation.Checkable(tcp) : null }
        : TlsTranslation.CheckableByGrpc(name) with { Tcp = null };

    private static bool IsBareDead(Audience audience, ServedName name, Demand demand) => name.BarePort() is null
        && demand.IsImport && (audience.Client == ClientKind.Envoy || name.IsKnown);

    private static IEnumerable<Resource> AskedFor(Audience audience, ServedName name, Demand demand)
    {
        var isBareDead = IsBareDead(audience, name, demand);
        var others = demand.Clusters.Where(spelling => !isBareDead || spelling != name.Name);
        foreach (var resource in others.SelectMany(one => Spelled(audience, name, one, demand.IsOverdue)))
        {
            yield return resource;
        }

        foreach (var spelling in demand.Routes ?? [])
        {
            if (Routed(name, spelling, demand.IsOverdue || demand.IsAnswerDue) is { } routes)
            {
                yield return routes;
            }
        }

        foreach (var resource in demand.Assignments.SelectMany(one => Assigned(audience, name, one, demand)))
        {
            yield return resource;
        }
    }

    private static IEnumerable<(Resource Resource, bool Wildcard)> Canonical(
        Audience audience, ServedName name, Demand demand)
    {
        // What is pending is told as it was before: the clusters unchanged, and of their endpoints nothing but that
        // there are none, to who has waited and has none.
        foreach (var (told, i) in Told(name))
        {
            var port = told.Ports[i];
            var canonical = ClusterNames.Canonical(name.Name, port.Number);
            yield return (
                Resource.Create(ClusterOf(audience, told, canonical, canonical, port, ReasonOf(told))),
                demand.IsImport);
            var assignment = TlsTranslation.AssignmentOf(audience, told, canonical);
            if (!told.IsPending)
            {
                yield return (Endpoints(audience, told, assignment, i, demand.KeptUntil), false);
            }
            else if (demand.IsOverdue)
            {
                yield return (Resource.EmptyEndpoints(assignment).As(ResourceRole.StandIn), false);
            }

            // A cluster from before goes on with those that need no other; with none of them it has none.
            if (assignment != canonical && TlsTranslation.InTheClear(told) is { Endpoints.IsEmpty: false } clear)
            {
                yield return (Endpoints(audience, clear, canonical, i, demand.KeptUntil), false);
            }

            if (audience.Client == ClientKind.Grpc)
            {
                yield return (Resource.Create(RouteTranslation.ForGrpc(canonical, canonical)), false);
                yield return (
                    Resource.Create(RouteTranslation.ToCluster(canonical, canonical, told.StreamMax)), false);
            }
        }
    }

    // Each port, by what is told of it. Ports of TCP to which connections end are told as they were.
    private static IEnumerable<(ServedName Told, int Port)> Told(ServedName name)
    {
        var all = Enumerable.Range(0, name.Ports.Length).Select(i => (Told: name, Port: i));
        return name.Tcp is not { } tcp ? all
            : Enumerable.Range(0, tcp.Ports.Length).Where(i => tcp.Ports[i].Protocol == "tcp")
                .Select(i => (Told: tcp, Port: i)).Concat(all).DistinctBy(one => one.Told.Ports[one.Port].Number);
    }

    private static (ServedName Told, int Port) ToldOf(ServedName name, ServedPort port) =>
        Told(name).First(one => one.Told.Ports[one.Port].Number == port.Number);

    private static IEnumerable<(Resource Resource, bool Wildcard)> Bundles(Audience audience, ServedName name) =>
        audience.Client == ClientKind.Envoy && !audience.Settings.AreBundlesInline
            ? TlsTranslation.Bundles(name).Concat(name.Tcp is { } tcp ? TlsTranslation.Bundles(tcp) : [])
                .DistinctBy(secret => secret.Name).Select(secret => (Resource.Create(secret), false))
            : [];

    // A proxyless gRPC client knows no end: it keeps what it has as long as it hears nothing.
    private static Resource Endpoints(
        Audience audience, ServedName name, string assignment, int port, TimeSpan? keptUntil, bool isOurs = true)
    {
        var endpoints = AssignmentTranslation.Translate(name, assignment, port, audience.Settings);
        if (IstioTranslation.IsCluster(assignment))
        {
            IstioTranslation.MarkMutual(endpoints, name, port);
        }

        // Somebody else's cluster asks its endpoints by its own health check, if by any.
        if (audience.Client == ClientKind.Envoy && isOurs
            && BoundTranslation.IsBound(audience.Settings, name, name.Ports[port]))
        {
            BoundTranslation.Mark(endpoints, audience.Settings.Responder!, name, port);
        }

        return AssignmentTranslation.Serve(endpoints, name).KeptUntil(
            audience.Client == ClientKind.Envoy && !name.Endpoints.IsEmpty ? name.StrictUntil ?? keptUntil : null);
    }

    // A host name without a port is what most clients write: the first request must find its cluster. An Envoy that
    // comes back does not say what it holds of a collection, so that nothing stands in for what is not known.
    private static IEnumerable<Resource> Collected(Audience audience, ServedName name, string context) =>
        IsHidden(name) ? []
        : MembersOf(name, context).SelectMany(one => Spelled(audience, name, one, isOverdue: false));

    private static EnvoyApi.Clusters.Cluster ClusterOf(
        Audience audience, ServedName name, string cluster, string assignment, ServedPort port, string? reason) =>
        BoundTranslation.HasEnded(audience, name, port)
            ? ClusterTranslation.Dead(audience, cluster, name.Reason!)
            : ClusterTranslation.Translate(audience, cluster, assignment, port, reason, name);

    private static string? ReasonOf(ServedName name) => name.IsPending && !name.Ports.IsEmpty ? null : name.Reason;

    // A client may write a name in many ways; the endpoints behind them are one assignment.
    private static IEnumerable<Resource> Spelled(
        Audience audience, ServedName name, string spelling, bool isOverdue)
    {
        if (!ClusterNames.TryRead(spelling, out _, out var number))
        {
            return [];
        }

        var isHidden = IsHidden(name) && IsApart(audience, spelling);
        if (!isHidden && BarePorts.IndexOf(name.Ports, number) is >= 0 and var index)
        {
            var port = name.Ports[index];
            var canonical = ClusterNames.Canonical(name.Name, port.Number);
            var told = ToldOf(name, port).Told;
            return spelling == canonical || (IsHidden(told) && IsApart(audience, spelling)) ? []
                : Alias(audience, told, spelling, canonical, port);
        }

        if (name.IsPending)
        {
            return !isOverdue ? []
                : Dead(audience, spelling, Reasons.Pending).Select(one => one.As(ResourceRole.StandIn));
        }

        return Dead(
            audience, spelling, name.Reason ?? (number is null ? Reasons.AmbiguousPort : Reasons.NoSuchPort));
    }

    // Where the routes are ours they say why there is no cluster, and need none for that.
    private static Resource? Routed(ServedName name, string spelling, bool isOverdue)
    {
        if (!ClusterNames.TryRead(spelling, out _, out var number))
        {
            return null;
        }

        if (BarePorts.IndexOf(name.Ports, number) is >= 0 and var index)
        {
            var canonical = ClusterNames.Canonical(name.Name, name.Ports[index].Number);
            var cluster = ClusterNames.ClusterOf(spelling, canonical, canonical);
            return Resource.Create(RouteTranslation.ByName(spelling, name, cluster));
        }

        if (name.IsPending)
        {
            return isOverdue
                ? Resource.Create(RouteTranslation.ByName(spelling, Reasons.Pending)).As(ResourceRole.StandIn)
                : null;
        }

        return Resource.Create(RouteTranslation.ByName(
            spelling, name.Reason ?? (number is null ? Reasons.AmbiguousPort : Reasons.NoSuchPort)));
    }

    // An Envoy that takes endpoints on another stream than the cluster holds both until it hears better; a client of
    // gRPC has one stream for each authority, on which what is known of a cluster replaces what it had.
    private static bool IsApart(Audience audience, string spelling) =>
        audience.Client == ClientKind.Envoy && audience.SourceOf(spelling) != EndpointSource.Ads;

    private static bool IsHidden(ServedName name) => name is { IsPending: true, WasGuarded: true };

    // An Envoy may add parameters of its node to each locator.
    private static bool IsAsItIs(string spelling, string name) =>
        ClusterNames.FormOf(Xds.Collections.PathOf(spelling), name) is null;

    private static IEnumerable<Resource> Alias(
        Audience audience, ServedName name, string spelling, string canonical, ServedPort port)
    {
        var shown = name.IsPending ? null : name.Reason;
        var cluster = Resource.Create(ClusterOf(audience, name, spelling, canonical, port, shown));

        // What was known of it is good enough for who has nothing, and worse than what a client has.
        var isKept = name.IsPending && IsApart(audience, spelling);
        yield return cluster.As(isKept ? ResourceRole.StandIn
            : IsAsItIs(spelling, name.Name) ? ResourceRole.Ordinary : ResourceRole.Alias);
        if (audience.Client == ClientKind.Grpc)
        {
            yield return Resource.Create(
                RouteTranslation.ForGrpc(spelling, ClusterNames.RoutesOf(spelling, canonical, canonical)));
            yield return Resource.Create(RouteTranslation.ToCluster(
                spelling, ClusterNames.ClusterOf(spelling, canonical, canonical), name.StreamMax));
        }
    }

    // Endpoints that a cluster of somebody else asks for, under whatever name it has for them.
    private static IEnumerable<Resource> Assigned(
        Audience audience, ServedName name, string spelling, Demand demand)
    {
        if (!ClusterNames.TryReadAssignment(spelling, out _, out var number, out var isGuarded))
        {
            yield break;
        }

        if (name.IsPending)
        {
            if (demand.IsOverdue || (demand.IsAnswerDue && !demand.IsOurs(spelling, name.Name)))
            {
                yield return Resource.EmptyEndpoints(spelling).As(ResourceRole.StandIn);
            }
        }
        else if (BarePorts.IndexOf(name.Ports, number) is >= 0 and var index)
        {
            var canonical = ClusterNames.Canonical(name.Name, name.Ports[index].Number);
            var (told, port) = ToldOf(name, name.Ports[index]);
            var own = TlsTranslation.AssignmentOf(audience, told, canonical);
            if (spelling != canonical && spelling != own && !told.IsPending)
            {
                // A cluster of istiod's chooses by what its endpoints say of themselves.
                var isClear = own != canonical && !isGuarded
                    && !(audience.Client == ClientKind.Envoy && IstioTranslation.IsCluster(spelling));
                yield return Endpoints(
                    audience, isClear ? TlsTranslation.InTheClear(told) : told, spelling, port, demand.KeptUntil,
                    isOurs: spelling == ClusterNames.LocatedAssignment(own));
            }
        }
        else
        {
            yield return Resource.Create(AssignmentTranslation.Empty(spelling, name.Reason));
        }
    }

    /// <summary>
    /// What belongs to the collection of a client that has a stream for the endpoints of each cluster: a cluster of
    /// none whose stream ends with those of all others, where its own control plane takes them away. Clusters that lead
    /// nowhere have no stream that could tell of that.
    /// </summary>
    /// <param name="audience">Whom it is for.</param>
    /// <param name="context">That of the collection.</param>
    internal static IEnumerable<Resource> Witness(Audience audience, string context)
    {
        if (audience is not { Client: ClientKind.Envoy, Located: EndpointSource.Stream })
        {
            yield break;
        }

        var name = ClusterNames.Located(Resource.SentinelId, context);
        yield return Resource.Create(ClusterTranslation.Translate(audience, name, Resource.SentinelId, null, null));
        yield return Resource.EmptyEndpoints(Resource.SentinelId);
    }

    /// <summary>A cluster that exists and has no endpoints: a request fails at once, and the metadata says
    /// why. So is all that leads to it what is not there.</summary>
    internal static IEnumerable<Resource> Dead(Audience audience, string spelling, string reason) =>
        AllOfDead(audience, spelling, reason).Select(one => one.As(ResourceRole.Negative));

    private static IEnumerable<Resource> AllOfDead(Audience audience, string spelling, string reason)
    {
        // No endpoints are ever told to it, whatever is known of the name later: it would speak to them in the clear.
        if (audience.Client == ClientKind.Envoy)
        {
            yield return Resource.Create(ClusterTranslation.Dead(audience, spelling, reason));
            yield break;
        }

        // What nothing is known of is told apart from the endpoints that a client may hold since before a restart: this
        // cluster would speak to them in the clear.
        var id = ClusterNames.IdOf(spelling);
        var isApart = reason == Reasons.Pending;
        yield return Resource.Create(
            ClusterTranslation.Translate(audience, spelling, isApart ? WellKnown.Nowhere : id, null, reason));
        if (!isApart)
        {
            yield return Resource.Create(AssignmentTranslation.Empty(spelling, reason));
        }

        yield return Resource.Create(
            RouteTranslation.ForGrpc(spelling, ClusterNames.RoutesOf(spelling, id, spelling)));
        yield return Resource.Create(
            RouteTranslation.ToCluster(spelling, ClusterNames.ClusterOf(spelling, id, spelling)));
    }
}
