using System.Globalization;
using Fairlead.EnvoyApi.Discovery;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// One state-of-the-world stream as a step function: requests, snapshots and the time go in, responses come out. No
/// I/O, no clock; not safe for concurrent use.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>A refusal is an error_detail and nothing else; it counts once per nonce, and what was refused is not sent
/// again until it changes, because what was sent is remembered whatever the client says to it.</item>
/// <item>The names of a request are taken whatever its nonce says: requests are ordered, the last list holds.</item>
/// <item>At most one response per type awaits its acknowledgement, for <see cref="XdsLimits.AckWaitMax"/> at the
/// longest; changes meanwhile collapse into the next. A name that was never answered does not wait for it.</item>
/// <item>Changes go out as clusters, endpoints, listeners, routes; clusters that are no longer wanted leave after
/// listeners and routes have settled.</item>
/// <item>Every cluster that is sent is followed by its endpoints, changed or not, acknowledged or not: Envoy
/// withholds the acknowledgement of clusters while it waits for endpoints.</item>
/// <item>Nobody is told an empty world by a view that is not primed.</item>
/// </list>
/// </remarks>
internal sealed class SotwStream
{
    private readonly XdsLimits _limits;
    private readonly string _controlPlane;
    private readonly Func<ResourceType, string, Resource?> _missing;
    private readonly TypeState?[] _types = new TypeState?[ResourceType.All.Length];
    private readonly Dictionary<string, bool> _unknown = new(StringComparer.Ordinal);
    private readonly List<StreamEvent> _events = [];
    private ResourceSnapshot _snapshot;
    private long _nonce;

    public SotwStream(
        ResourceSnapshot snapshot,
        Func<ResourceType, string, Resource?> missing,
        string controlPlane,
        XdsLimits? limits = null)
    {
        _snapshot = snapshot;
        _missing = missing;
        _controlPlane = controlPlane;
        _limits = limits ?? XdsLimits.Default;
    }

    /// <summary>When <see cref="Next"/> should be called again although nothing came in; null for never.</summary>
    public TimeSpan? WakeAt { get; private set; }

    public IEnumerable<TypeState> Types => _types.OfType<TypeState>();

    public ResourceSnapshot Snapshot => _snapshot;

    /// <summary>Takes in a request.</summary>
    public IReadOnlyList<StreamEvent> Receive(DiscoveryRequest request, TimeSpan now)
    {
        _events.Clear();
        if (Check(request) is { } failed)
        {
            return [failed];
        }

        if (ResourceType.Find(request.TypeUrl) is not { } type)
        {
            _unknown.TryAdd(request.TypeUrl, request.ResourceNames.Count > 0);
            return [];
        }

        var state = _types[type.Order] ??= new TypeState(type);
        state.Dirty |= !state.Requested;
        Correlate(state, request, now);
        TakeNames(state, request);
        return [.. _events];
    }

    /// <summary>Serves this snapshot from now on.</summary>
    public void Advance(ResourceSnapshot snapshot)
    {
        foreach (var state in Types)
        {
            state.Dirty |= snapshot.Primed != _snapshot.Primed
                || !ReferenceEquals(snapshot.Resources(state.Type), _snapshot.Resources(state.Type))
                || !ReferenceEquals(snapshot.Wildcard(state.Type), _snapshot.Wildcard(state.Type));
        }

        _snapshot = snapshot;
    }

    /// <summary>
    /// The next response to write, or null if there is none for now. Built from the newest snapshot at this moment, so
    /// call it when the one before is written.
    /// </summary>
    public SotwResponse? Next(TimeSpan now)
    {
        WakeAt = null;
        foreach (var type in ResourceType.All)
        {
            if (_types[type.Order] is { Dirty: true } state
                && (type.FullState ? NextFull(state, now) : NextIncremental(state, now)) is { } resources)
            {
                return Respond(state, resources, now);
            }
        }

        return NextUnknown();
    }

    private StreamEvent.Failed? Check(DiscoveryRequest request)
    {
        if (request.TypeUrl.Length == 0)
        {
            return new StreamEvent.Failed(StreamRefusal.TypeMissing, "type_url is required on the aggregated stream");
        }

        if (request.ResourceNames.Count > _limits.NamesMax)
        {
            return new StreamEvent.Failed(
                StreamRefusal.TooManyNames, $"{request.ResourceNames.Count} names, {_limits.NamesMax} allowed");
        }

        if (request.ResourceNames.Any(name => name.Length > _limits.NameLengthMax))
        {
            return new StreamEvent.Failed(
                StreamRefusal.NameTooLong, $"a name is longer than {_limits.NameLengthMax} characters");
        }

        return ResourceType.Find(request.TypeUrl) is null && !_unknown.ContainsKey(request.TypeUrl)
            && _unknown.Count >= _limits.UnknownTypesMax
            ? new StreamEvent.Failed(StreamRefusal.TooManyTypes, $"{_unknown.Count} types that are not served")
            : null;
    }

    /// <summary>ACK, NACK or neither. The first request of a type on a stream is neither, whatever it
    /// carries.</summary>
    private void Correlate(TypeState state, DiscoveryRequest request, TimeSpan now)
    {
        var first = !state.Requested;
        state.Requested = true;
        if (request.ErrorDetail is { } error)
        {
            if (state.Refuse(request.ResponseNonce, request.VersionInfo, error.Code, error.Message) is { } refused)
            {
                _events.Add(new StreamEvent.Nacked(state.Type, refused));
            }
        }
        else if (!first && state.Acknowledge(request.ResponseNonce, now) is { } response)
        {
            _events.Add(new StreamEvent.Acked(state.Type, response));
        }
    }

    private void TakeNames(TypeState state, DiscoveryRequest request)
    {
        var wildcard = state.Subscription.Wildcard;
        var (added, removed) = state.Subscription.SetNames(request.ResourceNames);
        foreach (var name in added.Concat(removed))
        {
            // A name that is newly asked for is sent even if the client got it unasked before.
            state.Forget(name);
        }

        state.Dirty |= wildcard != state.Subscription.Wildcard || added.Count + removed.Count > 0;
        if (wildcard && !state.Subscription.Wildcard)
        {
            foreach (var name in state.Sent.Keys.Where(n => !state.Subscription.Names.Contains(n)).ToList())
            {
                state.Forget(name);
            }
        }

        if (added.Count + removed.Count > 0)
        {
            _events.Add(new StreamEvent.Names(state.Type, added, removed));
        }
    }

    private SotwResponse Respond(TypeState state, List<Resource> resources, TimeSpan now)
    {
        if (state.Type.FullState)
        {
            var changed = resources.Where(r => state.Sent.GetValueOrDefault(r.Name)?.Fingerprint != r.Fingerprint);
            ForceEndpoints(changed.ToList());
            foreach (var name in state.Sent.Keys.Except(resources.Select(r => r.Name)).ToList())
            {
                state.Forget(name);
            }
        }

        foreach (var resource in resources)
        {
            state.Note(resource);
        }

        var nonce = (++_nonce).ToString(CultureInfo.InvariantCulture);
        state.Record(new SentResponse(nonce, state.Version, resources, now));
        return new SotwResponse(state.Type.TypeUrl, state.Version, nonce, _controlPlane, resources);
    }

    private void ForceEndpoints(List<Resource> clusters)
    {
        if (_types[ResourceType.Endpoints.Order] is not { } endpoints)
        {
            return;
        }

        foreach (var reference in clusters.SelectMany(cluster => cluster.References))
        {
            if (reference.Type == ResourceType.Endpoints && endpoints.Subscription.Names.Contains(reference.Name))
            {
                endpoints.Forced.Add(reference.Name);
                endpoints.Dirty = true;
            }
        }
    }

    /// <summary>Clusters and listeners: everything that the client should hold, if that is not what it holds.</summary>
    private List<Resource>? NextFull(TypeState state, TimeSpan now)
    {
        if (state.Subscription.Wildcard && !state.Answered && !_snapshot.Primed)
        {
            return null;
        }

        var target = Target(state);
        var removals = state.Sent.Values.Where(sent => !target.ContainsKey(sent.Name)).ToList();
        var keep = removals.Count > 0 && state.Type == ResourceType.Cluster && RoutesUnsettled(now);
        if (keep)
        {
            removals.ForEach(resource => target.Add(resource.Name, resource));
        }

        var firstAnswer = state.Subscription.Wildcard && !state.Answered;
        if (!firstAnswer && target.Count == state.Sent.Count && target.Values.All(r => IsSent(state, r)))
        {
            state.Dirty = keep;
            return null;
        }

        var urgent = firstAnswer
            || state.Subscription.Names.Any(name => target.ContainsKey(name) && !state.Sent.ContainsKey(name));
        if (!urgent && (Held(state, now, _limits.PushInterval) || WaitsForClusters(state)))
        {
            return null;
        }

        state.Dirty = keep;
        return [.. target.Values];
    }

    /// <summary>Endpoints and routes: what the client asked for and does not hold as it is now.</summary>
    private List<Resource>? NextIncremental(TypeState state, TimeSpan now)
    {
        var interval = state.Type == ResourceType.Endpoints ? TimeSpan.Zero : _limits.PushInterval;
        var due = Due(state, out var news);
        var held = due.Count > news && (Held(state, now, interval) || WaitsForClusters(state));
        if (held)
        {
            due.RemoveAll(resource => state.Sent.ContainsKey(resource.Name));
        }

        var (count, bytes) = (0, 0);
        while (count < due.Count && (count == 0 || bytes + due[count].Framed.Length <= _limits.ResponseBytes))
        {
            bytes += due[count++].Framed.Length;
        }

        state.Dirty = held || count < due.Count;
        return count == 0 ? null : due.GetRange(0, count);
    }

    private SortedDictionary<string, Resource> Target(TypeState state)
    {
        var target = new SortedDictionary<string, Resource>(StringComparer.Ordinal);
        var names = state.Subscription.Wildcard
            ? state.Subscription.Names.Concat(_snapshot.Wildcard(state.Type))
            : state.Subscription.Names;
        foreach (var name in names)
        {
            if (Lookup(state, name) is { } resource)
            {
                target[name] = resource;
            }
        }

        return target;
    }

    /// <summary>The resources to send, in the order of their names, those never sent before first.</summary>
    private List<Resource> Due(TypeState state, out int news)
    {
        var fresh = new List<Resource>();
        var changed = new List<Resource>();
        foreach (var name in state.Subscription.Names)
        {
            if (Lookup(state, name) is not { } resource)
            {
                continue;
            }

            if (!state.Sent.TryGetValue(name, out var sent))
            {
                fresh.Add(resource);
            }
            else if (sent.Fingerprint != resource.Fingerprint || state.Forced.Contains(name))
            {
                changed.Add(resource);
            }
        }

        news = fresh.Count;
        fresh.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        changed.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        fresh.AddRange(changed);
        return fresh;
    }

    private Resource? Lookup(TypeState state, string name)
    {
        return _snapshot.Find(state.Type, name) ?? (_snapshot.Primed ? _missing(state.Type, name) : null);
    }

    private static bool IsSent(TypeState state, Resource resource)
    {
        return state.Sent.GetValueOrDefault(resource.Name)?.Fingerprint == resource.Fingerprint;
    }

    /// <summary>Whether a change must wait for an acknowledgement or for the interval; then notes when to
    /// look.</summary>
    private bool Held(TypeState state, TimeSpan now, TimeSpan interval)
    {
        if (state.Blocked(now, _limits.AckWaitMax))
        {
            Wake(state.InFlightSince!.Value + _limits.AckWaitMax);
            return true;
        }

        if (state.Answered && now - state.LastSentAt < interval)
        {
            Wake(state.LastSentAt + interval);
            return true;
        }

        return false;
    }

    private void Wake(TimeSpan at) => WakeAt = WakeAt is { } earlier && earlier < at ? earlier : at;

    /// <summary>
    /// Listeners and routes do not overtake clusters that they may need. Whatever holds those has noted when to look.
    /// </summary>
    private bool WaitsForClusters(TypeState state)
    {
        return state.Type.Order > ResourceType.Endpoints.Order
            && _types[ResourceType.Cluster.Order] is { Dirty: true } clusters
            && Target(clusters).Keys.Any(name => !clusters.Sent.ContainsKey(name));
    }

    private bool RoutesUnsettled(TimeSpan now)
    {
        return IsUnsettled(ResourceType.Listener, now) || IsUnsettled(ResourceType.Route, now);
    }

    private bool IsUnsettled(ResourceType type, TimeSpan now)
    {
        if (_types[type.Order] is not { } state)
        {
            return false;
        }

        if (state.Blocked(now, _limits.AckWaitMax))
        {
            Wake(state.InFlightSince!.Value + _limits.AckWaitMax);
            return true;
        }

        return type.FullState
            ? Target(state) is var target
                && (target.Count != state.Sent.Count || target.Values.Any(resource => !IsSent(state, resource)))
            : Due(state, out _).Count > 0;
    }

    /// <summary>
    /// A type that is not served: a client that asks for everything of it gets an empty answer once, so that it does
    /// not wait for one.
    /// </summary>
    private SotwResponse? NextUnknown()
    {
        foreach (var (typeUrl, settled) in _unknown)
        {
            if (!settled)
            {
                _unknown[typeUrl] = true;
                var nonce = (++_nonce).ToString(CultureInfo.InvariantCulture);
                return new SotwResponse(typeUrl, "0", nonce, _controlPlane, []);
            }
        }

        return null;
    }
}
