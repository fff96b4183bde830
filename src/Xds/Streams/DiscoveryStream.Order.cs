namespace Fairlead.Xds.Streams;

internal abstract partial class DiscoveryStream<TRequest, TResponse>
{
    // Of these a stream without clusters has none: null until there is any.
    private HashSet<ResourceReference>? _leading;

    // What clusters need that are new to the client, until it has taken it, with the time from then on.
    private Dictionary<ResourceReference, TimeSpan>? _warming;

    // The endpoints of clusters that the client has lost and did not ask for since; and those of all that it was sent,
    // with the sum of that.
    private HashSet<string>? _lost;
    private (UInt128 Sum, HashSet<string>? Endpoints) _led;

    // The endpoints that changed since no cluster was held, less those that the client was sent on this stream.
    private HashSet<string>? _moved;
    private OtherStreams _others;
    private TimeSpan? _waitsSince;

    /// <summary>How many endpoints and secrets the client is waited for to take; for tests.</summary>
    public int Warming => _warming?.Count ?? 0;

    /// <summary>How many endpoints changed beside clusters that wait; for tests.</summary>
    public int Moved => _moved?.Count ?? 0;

    /// <summary>These endpoints and secrets are sent again, changed or not, as far as they are asked for: the clusters
    /// that need them went out, here or on another stream of the client.</summary>
    /// <returns>Whether any of them is asked for.</returns>
    public bool Follow(IReadOnlySet<ResourceReference> needed) =>
        Follow(_types[ResourceType.Endpoints.Order], needed) | Follow(_types[ResourceType.Secret.Order], needed);

    private static bool Follow(TypeState? state, IReadOnlySet<ResourceReference> needed)
    {
        if (state is null)
        {
            return false;
        }

        // There may be a stream for each name, and thousands of names.
        var asked = state.Subscription.Names;
        var isAsked = false;
        foreach (var name in asked.Count < needed.Count
            ? asked.Where(name => needed.Contains(new ResourceReference(state.Type, name)))
            : needed.Where(one => one.Type == state.Type && asked.Contains(one.Name)).Select(one => one.Name))
        {
            state.Forced.Add(name);
            state.Looks.Add(name);
            state.Dirty = isAsked = true;
        }

        return isAsked;
    }

    /// <summary>
    /// The client has none of the clusters any more whose endpoints these are, if it was sent any: whatever it was sent
    /// of clusters is sent again. An Envoy 1.40 whose own control plane speaks the state of the world loses all that
    /// came on demand with each of that one's pushes, and asks for none of it again.
    /// </summary>
    /// <returns>Whether it was sent any.</returns>
    /// <remarks>It closes a stream for each, and that is one loss: a name counts again once it was asked for
    /// again.</remarks>
    public bool Recall(IReadOnlyCollection<string> endpoints)
    {
        if (_types[ResourceType.Cluster.Order] is not { } clusters
            || endpoints.All(name => _lost?.Contains(name) == true))
        {
            return false;
        }

        if (_led.Sum != clusters.Sum || _led.Endpoints is null)
        {
            _led = (clusters.Sum, [.. EndpointsOf(clusters.Sent.Values)]);
        }

        if (!endpoints.Any(_led.Endpoints.Contains))
        {
            return false;
        }

        _lost = [.. _led.Endpoints];
        clusters.Forced.UnionWith(clusters.Sent.Keys);
        clusters.Looks.AddAll();
        return clusters.Dirty = true;
    }

    /// <summary>The client asks for these endpoints on streams of their own: it has the clusters again.</summary>
    public void Found(IEnumerable<string> endpoints) => _lost?.ExceptWith(endpoints);

    /// <summary>The client took these endpoints or secrets on a stream of their own.</summary>
    /// <returns>Whether something may have waited for them.</returns>
    public bool Warmed(ResourceType type, IEnumerable<string> names)
    {
        var count = Warming;
        foreach (var name in count > 0 ? names : [])
        {
            _warming!.Remove(new ResourceReference(type, name));
        }

        return Warming < count;
    }

    /// <summary>What follows the clusters that went out since this was asked last.</summary>
    public IReadOnlyList<ResourceReference> TakeLeading()
    {
        if (_leading is not { } needed)
        {
            return [];
        }

        _leading = null;
        return [.. needed];
    }

    /// <summary>The endpoints of these clusters, which go out now, are sent again, changed or not.</summary>
    /// <remarks>Who asks for everything uses a route at once, and a cluster only with its endpoints and its secrets:
    /// routes wait for those of clusters that it never had. What it is told first it waits for by itself. A secret that
    /// it has is sent again too, so that it says that it has it.</remarks>
    protected void ForceEndpoints(TypeState state, IReadOnlyCollection<Resource> clusters, TimeSpan now)
    {
        // On a stream that has neither listeners nor routes nobody else asks whether those are over.
        _ = IsWarming(now);
        var needed = clusters.SelectMany(cluster => cluster.References)
            .Where(reference => reference.Type == ResourceType.Endpoints).ToHashSet();
        if (state is { Answered: true, Subscription.Wildcard: true })
        {
            foreach (var one in clusters.Where(cluster => !state.Sent.ContainsKey(cluster.Name))
                .SelectMany(cluster => cluster.References))
            {
                (_warming ??= []).TryAdd(one, now);
                needed.Add(one);
            }
        }

        if (needed.Count > 0)
        {
            (_leading ??= []).UnionWith(needed);
            Follow(needed);
        }
    }

    private static IEnumerable<string> EndpointsOf(IEnumerable<Resource> clusters) => clusters
        .SelectMany(cluster => cluster.References)
        .Where(reference => reference.Type == ResourceType.Endpoints).Select(reference => reference.Name);

    private bool IsWarming(TimeSpan now)
    {
        if (_warming is null)
        {
            return false;
        }

        foreach (var (one, since) in _warming)
        {
            if (now - since >= Limits.WarmWaitMax || _types[one.Type.Order]?.IsTaken(one.Name) == true)
            {
                _warming.Remove(one);
            }
            else
            {
                Wake(since + Limits.WarmWaitMax);
            }
        }

        return _warming.Count > 0;
    }

    /// <summary>Whether a change must wait for an acknowledgement; then notes when to look.</summary>
    protected bool AwaitsWord(TypeState state, TimeSpan now)
    {
        if (state.BlockedUntil(now, Limits.AckWaitMax) is { } until)
        {
            Wake(until);
            return true;
        }

        return false;
    }

    /// <summary>Whether a change must wait for an acknowledgement or for the interval; then notes when to
    /// look.</summary>
    protected bool Held(TypeState state, TimeSpan now)
    {
        if (AwaitsWord(state, now))
        {
            return true;
        }

        var interval = IntervalOf(state);
        if (state.PushedAt is { } pushed && now - pushed < interval)
        {
            Wake(pushed + interval);
            return true;
        }

        return false;
    }

    /// <summary>Whether the client has an older one of a cluster whose endpoints change too, on this stream or on one
    /// of their own: it waits for no interval, nor, where each resource has a word of its own, for one on others, and
    /// goes before them. Not where the older one asks for none of them, or the client has them as they are.</summary>
    protected bool IsOvertaken(TypeState state, Resource resource) => state.Type == ResourceType.Cluster
        && Moved > 0 && state.Sent.TryGetValue(resource.Name, out var sent) && !IsSent(state, resource)
        && sent.References.Any(one => one.Type == ResourceType.Endpoints
            && _moved!.Contains(one.Name) && !AreSent(one.Name));

    private bool AreSent(string endpoints) => _types[ResourceType.Endpoints.Order] is { } state
        && Snapshot.Find(ResourceType.Endpoints, endpoints) is { } now && IsSent(state, now);

    // Those that are others in the next snapshot.
    private void NoteMoved(ResourceSnapshot next, IEnumerable<(ResourceType Type, string Name)>? changes)
    {
        if (_types[ResourceType.Cluster.Order] is null)
        {
            return;
        }

        var type = ResourceType.Endpoints;
        (_moved ??= new(StringComparer.Ordinal)).UnionWith(
            (changes?.Where(change => change.Type == type).Select(change => change.Name)
                ?? Snapshot.Resources(type).Keys.Union(next.Resources(type).Keys))
            .Where(name => Snapshot.Find(type, name)?.Fingerprint != next.Find(type, name)?.Fingerprint));
    }

    private void ForgetMoved()
    {
        if (_types[ResourceType.Cluster.Order] is not { Dirty: true })
        {
            _moved?.Clear();
        }
        else if (_types[ResourceType.Endpoints.Order] is not null)
        {
            _moved?.RemoveWhere(AreSent);
        }
    }

    /// <summary>The least time between two changes of a type.</summary>
    protected virtual TimeSpan IntervalOf(TypeState state) =>
        state.Type == ResourceType.Endpoints || state.IsTryingAlone ? TimeSpan.Zero : Limits.PushInterval;

    /// <summary>
    /// Listeners and routes do not overtake clusters that they may need, nor what those need. Whatever holds clusters
    /// has noted when to look.
    /// </summary>
    protected bool WaitsForClusters(TypeState state, TimeSpan now) =>
        (state.Type == ResourceType.Listener || state.Type == ResourceType.Route)
        && (AreClustersDue(now) || Waits(_others.AreClustersDue, now));

    private bool AreClustersDue(TimeSpan now) => IsWarming(now)
        || (_types[ResourceType.Cluster.Order] is { Dirty: true } clusters
            && Target(clusters).Keys.Any(name => !clusters.Sent.ContainsKey(name)));

    protected bool RoutesUnsettled(TimeSpan now)
    {
        foreach (var type in new[] { ResourceType.Listener, ResourceType.Route })
        {
            if (!IsUnsettled(type, now))
            {
                continue;
            }

            if (_types[type.Order]!.BlockedUntil(now, Limits.AckWaitMax) is { } until)
            {
                Wake(until);
            }

            return true;
        }

        return Waits(_others.AreRoutesDue, now);
    }

    private bool IsUnsettled(ResourceType type, TimeSpan now) => _types[type.Order] is { } state
        && (state.BlockedUntil(now, Limits.AckWaitMax) is not null || IsBehind(state));

    // Not without end: another stream may be one that nobody reads.
    private bool Waits(bool isDue, TimeSpan now)
    {
        if (!isDue)
        {
            return false;
        }

        WaitsForOthers = true;
        _waitsSince ??= now;
        var until = _waitsSince.Value + Limits.AckWaitMax;
        if (now >= until)
        {
            return false;
        }

        Wake(until);
        return true;
    }

    /// <summary>There will be something to look at.</summary>
    protected void Wake(TimeSpan at) => WakeAt = WakeAt is { } earlier && earlier < at ? earlier : at;
}
