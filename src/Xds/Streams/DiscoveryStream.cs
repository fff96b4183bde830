using System.Globalization;
using Fairlead.EnvoyApi.Rpc;

namespace Fairlead.Xds.Streams;

/// <summary>
/// What one stream of either variant is: requests, snapshots and the time go in, responses come out. No I/O, no clock;
/// not safe for concurrent use.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>A refusal is an error_detail and nothing else; it counts once per nonce, and what was refused is not sent
/// again until it or its end changes, because what was sent is remembered whatever the client says to it. Then it is
/// sent alone, so that the next refusal says which of a response it is for.</item>
/// <item>The names of a request are taken whatever its nonce says: requests are ordered.</item>
/// <item>At most one response per type awaits its acknowledgement, for <see cref="XdsLimits.AckWaitMax"/> at the
/// longest; changes meanwhile collapse into the next. A name that was never answered does not wait for it, and its
/// answer does not make changes wait longer.</item>
/// <item>Changes go out as clusters, endpoints, listeners, routes; clusters that are no longer wanted leave after
/// listeners and routes have settled. Where a client has a stream for each type, each waits for the others so, for
/// <see cref="XdsLimits.AckWaitMax"/> at the longest.</item>
/// <item>Every cluster that is sent is followed by its endpoints, changed or not, acknowledged or not: Envoy
/// withholds the acknowledgement of clusters while it waits for endpoints.</item>
/// <item>Nobody is told an empty world by a view that is not primed.</item>
/// <item>What stands in for something unknown goes to a client that holds nothing of that name, and to no other.</item>
/// </list>
/// </remarks>
/// <param name="snapshot">What is served at first.</param>
/// <param name="missing">What to send for a name that a primed snapshot does not hold; null for nothing.</param>
/// <param name="options">Who serves, and the limits.</param>
/// <param name="only">The one type of the stream; null on an aggregated one.</param>
internal abstract class DiscoveryStream<TRequest, TResponse>(
    ResourceSnapshot snapshot,
    Func<ResourceType, string, Resource?> missing,
    (string ControlPlane, XdsLimits Limits) options,
    ResourceType? only)
    where TResponse : class, IDiscoveryResponse
{
    private readonly TypeState?[] _types = new TypeState?[ResourceType.All.Length];
    private readonly Dictionary<string, bool> _unknown = new(StringComparer.Ordinal);
    private readonly HashSet<ResourceReference> _leading = [];
    private readonly List<string> _adopted = [];

    // What clusters need that are new to the client, until it has taken it, with the time from then on.
    private readonly Dictionary<ResourceReference, TimeSpan> _warming = [];
    private long _nonce;
    private OtherStreams _others;
    private TimeSpan? _waitsSince;

    /// <summary>When <see cref="Next(TimeSpan, OtherStreams)"/> should be called again although nothing came in; null
    /// for never.</summary>
    public TimeSpan? WakeAt { get; private set; }

    /// <summary>Whether something is held back for other streams of the client.</summary>
    public bool WaitsForOthers { get; private set; }

    /// <summary>Whether there may be something that has to wait for other streams of the client.</summary>
    public bool MayWaitForOthers => Types.Any(state => state is { Dirty: true, Type: var type }
        && type != ResourceType.Endpoints);

    public IEnumerable<TypeState> Types => _types.OfType<TypeState>();

    public ResourceSnapshot Snapshot { get; private set; } = snapshot;

    /// <summary>What the server's clock said when the stream's own said 0.</summary>
    public TimeSpan StartedAt { get; set; }

    protected XdsLimits Limits => options.Limits;

    protected ResourceType? Only => only;

    protected string ControlPlane => options.ControlPlane;

    protected List<StreamEvent> Events { get; } = [];

    /// <summary>Takes in a request.</summary>
    public abstract IReadOnlyList<StreamEvent> Receive(TRequest request, TimeSpan now);

    /// <summary>Serves this snapshot from now on.</summary>
    public void Advance(ResourceSnapshot snapshot)
    {
        var changes = snapshot.ChangesSince(Snapshot);
        foreach (var (type, name) in changes ?? [])
        {
            _types[type.Order]?.Looks.Add(name);
        }

        foreach (var state in Types)
        {
            state.Dirty |= snapshot.Primed != Snapshot.Primed
                || !ReferenceEquals(snapshot.Resources(state.Type), Snapshot.Resources(state.Type))
                || !ReferenceEquals(snapshot.Wildcard(state.Type), Snapshot.Wildcard(state.Type))
                || !ReferenceEquals(snapshot.Located(state.Type), Snapshot.Located(state.Type));
            if (changes is null)
            {
                state.Looks.AddAll();
            }
        }

        Snapshot = snapshot;
    }

    /// <summary>These endpoints and secrets are sent again, changed or not, as far as they are asked for: the clusters
    /// that need them went out, here or on another stream of the client.</summary>
    /// <returns>Whether any of them is asked for.</returns>
    public bool Follow(IEnumerable<ResourceReference> needed)
    {
        var isAsked = false;
        foreach (var (type, name) in needed)
        {
            if (_types[type.Order] is { } state && state.Subscription.Names.Contains(name))
            {
                state.Forced.Add(name);
                state.Looks.Add(name);
                state.Dirty = isAsked = true;
            }
        }

        return isAsked;
    }

    /// <summary>
    /// The client has none of the clusters any more whose endpoints these are, if it was sent any: whatever it was sent
    /// of clusters is sent again. An Envoy 1.40 whose own control plane speaks the state of the world loses all that
    /// came on demand with each of that one's pushes, and asks for none of it again.
    /// </summary>
    /// <returns>Whether it was sent any.</returns>
    public bool Recall(IReadOnlyCollection<string> endpoints)
    {
        if (_types[ResourceType.Cluster.Order] is not { } clusters
            || !clusters.Sent.Values.Any(cluster => cluster.References.Any(
                one => one.Type == ResourceType.Endpoints && endpoints.Contains(one.Name))))
        {
            return false;
        }

        clusters.Forced.UnionWith(clusters.Sent.Keys);
        clusters.Looks.AddAll();
        return clusters.Dirty = true;
    }

    /// <summary>The client took these endpoints or secrets on a stream of their own.</summary>
    /// <returns>Whether something may have waited for them.</returns>
    public bool Warmed(ResourceType type, IEnumerable<string> names)
    {
        var count = _warming.Count;
        foreach (var name in count > 0 ? names : [])
        {
            _warming.Remove(new ResourceReference(type, name));
        }

        return _warming.Count < count;
    }

    /// <summary>What follows the clusters that went out since this was asked last.</summary>
    public IReadOnlyList<ResourceReference> TakeLeading()
    {
        if (_leading.Count == 0)
        {
            return [];
        }

        ResourceReference[] needed = [.. _leading];
        _leading.Clear();
        return needed;
    }

    /// <summary>What was sent since this was asked last and is asked for by name from then on: a client uses what it
    /// got of a collection, and must hear of it whatever becomes of the collection.</summary>
    public IReadOnlyList<StreamEvent> TakeAdopted()
    {
        if (_adopted.Count == 0)
        {
            return [];
        }

        var told = new StreamEvent.Names(ResourceType.Cluster, [.. _adopted], []);
        _adopted.Clear();
        return [told];
    }

    /// <summary>
    /// The next response to write, or null if there is none for now. Built from the newest snapshot at this moment, so
    /// call it when the one before is written.
    /// </summary>
    public TResponse? Next(TimeSpan now) => Next(now, default);

    /// <summary>The same where the client has other streams beside this one.</summary>
    public TResponse? Next(TimeSpan now, OtherStreams others)
    {
        (WakeAt, _others, WaitsForOthers) = (null, others, false);
        var next = NextOfAll(now);
        _waitsSince = WaitsForOthers ? _waitsSince : null;
        return next;
    }

    /// <summary>What the client is owed by a snapshot, of which another of its streams may be told first.</summary>
    public OtherStreams OwedBy(ResourceSnapshot snapshot, TimeSpan now)
    {
        if (snapshot.Sequence > Snapshot.Sequence)
        {
            Advance(snapshot);
        }

        return new OtherStreams(
            AreClustersDue(now), IsUnsettled(ResourceType.Listener, now) || IsUnsettled(ResourceType.Route, now));
    }

    private TResponse? NextOfAll(TimeSpan now)
    {
        foreach (var type in ResourceType.All)
        {
            if (_types[type.Order] is { Dirty: true } state && NextOf(state, now) is { } response)
            {
                return response;
            }
        }

        return NextUnknown();
    }

    /// <summary>The next response of one type; clears <see cref="TypeState.Dirty"/> where nothing is left to
    /// send.</summary>
    protected abstract TResponse? NextOf(TypeState state, TimeSpan now);

    /// <summary>Whether the client holds something else than it should.</summary>
    protected abstract bool IsBehind(TypeState state);

    /// <summary>A response without resources, for a type that is not served.</summary>
    protected abstract TResponse Nothing(string typeUrl, string nonce);

    /// <summary>The state of a type that was asked for before; null where it was not.</summary>
    protected TypeState? Known(string typeUrl) =>
        ResourceType.Find(typeUrl) is { } type && _types[type.Order] is { Requested: true } state ? state : null;

    /// <summary>The name in memory that others have it in too, as far as there is any: a thousand streams that ask for
    /// the same names hold each of them once.</summary>
    protected string Shared(TypeState state, string name) =>
        state.Subscription.Find(name) ?? Snapshot.FindName(state.Type, name) ?? name;

    /// <summary>What the request led to.</summary>
    protected IReadOnlyList<StreamEvent> Told() => Events.Count == 0 ? [] : [.. Events];

    /// <summary>The state of a known type, made at its first request; null for an unknown type, which is
    /// remembered.</summary>
    protected TypeState? StateOf(string typeUrl, bool isNaming)
    {
        if (ResourceType.Find(typeUrl) is not { } type)
        {
            _unknown.TryAdd(typeUrl, isNaming);
            return null;
        }

        var state = _types[type.Order] ??= new TypeState(type);
        state.Dirty |= !state.Requested;
        return state;
    }

    /// <summary>The type of a request; on a stream of one type it need not be said.</summary>
    protected string TypeUrlOf(string said) => said.Length == 0 && only is not null ? only.TypeUrl : said;

    /// <summary>What is wrong with a request, whatever its variant.</summary>
    protected StreamEvent.Failed? Check(string typeUrl, IEnumerable<string> names)
    {
        if (typeUrl.Length == 0)
        {
            return new StreamEvent.Failed(StreamRefusal.TypeMissing, "type_url is required on the aggregated stream");
        }

        if (only is not null && typeUrl != only.TypeUrl)
        {
            return new StreamEvent.Failed(StreamRefusal.TypeMismatch, $"this stream serves {only.TypeUrl} alone");
        }

        if (names.Any(name => name.Length > Limits.NameLengthMax))
        {
            return new StreamEvent.Failed(
                StreamRefusal.NameTooLong, $"a name is longer than {Limits.NameLengthMax} characters");
        }

        return ResourceType.Find(typeUrl) is null && !_unknown.ContainsKey(typeUrl)
            && _unknown.Count >= Limits.UnknownTypesMax
            ? new StreamEvent.Failed(StreamRefusal.TooManyTypes, $"{_unknown.Count} types that are not served")
            : null;
    }

    protected StreamEvent.Failed? CheckCount(int names) => names > Limits.NamesMax
        ? new StreamEvent.Failed(StreamRefusal.TooManyNames, $"{names} names, {Limits.NamesMax} allowed")
        : null;

    /// <summary>ACK, NACK or neither. The first request of a type on a stream is neither, whatever it
    /// carries.</summary>
    protected void Correlate(TypeState state, string nonce, string version, Status? error, TimeSpan now)
    {
        var first = !state.Requested;
        state.Requested = true;
        state.AskedAt = first ? now : state.AskedAt;
        if (error is not null)
        {
            if (state.Refuse(nonce, version, error.Code, error.Message, now) is { } refused)
            {
                Events.Add(new StreamEvent.Nacked(state.Type, refused));
            }
        }
        else if (!first && state.Acknowledge(nonce, now) is { } response)
        {
            Events.Add(new StreamEvent.Acked(state.Type, response));
            TellAgain(state, response, now);
        }
    }

    // What is left of an end counts from when it was written, and the client began to count when it read it.
    private void TellAgain(TypeState state, SentResponse response, TimeSpan now)
    {
        var ending = response.Resources.Where(static one => one.Until is not null).ToList();
        if (ending.Count == 0 || !state.IsLate(now - response.At, Limits.EndSlack))
        {
            return;
        }

        foreach (var one in ending.Where(one => ReferenceEquals(state.Sent.GetValueOrDefault(one.Name), one)))
        {
            state.Forced.Add(one.Name);
            state.Looks.Add(one.Name);
            state.Dirty = true;
        }
    }

    /// <summary>What the client's state of a type is called.</summary>
    protected string VersionOf(TypeState state) => Snapshot.Versions[state.Type.Order] ?? state.Version;

    protected string NextNonce() => (++_nonce).ToString(CultureInfo.InvariantCulture);

    /// <summary>What both variants do when a request has changed what is asked for: whoever asks for everything no more
    /// keeps what it names, and the owner hears of the names.</summary>
    /// <param name="wildcard">Whether everything was asked for before.</param>
    protected void Changed(
        TypeState state, bool wildcard, IReadOnlyList<string> added, IReadOnlyList<string> removed)
    {
        if (wildcard && !state.Subscription.Wildcard)
        {
            state.ForgetAllBut(state.Subscription.Names);
        }

        if (added.Count + removed.Count > 0)
        {
            Events.Add(new StreamEvent.Names(state.Type, added, removed));
        }
    }

    /// <summary>The endpoints of these clusters, which go out now, are sent again, changed or not.</summary>
    /// <remarks>Who asks for everything uses a route at once, and a cluster only with its endpoints and its secrets:
    /// routes wait for those of clusters that it never had. What it is told first it waits for by itself. A secret that
    /// it has is sent again too, so that it says that it has it.</remarks>
    protected void ForceEndpoints(TypeState state, IReadOnlyCollection<Resource> clusters, TimeSpan now)
    {
        var needed = clusters.SelectMany(cluster => cluster.References)
            .Where(reference => reference.Type == ResourceType.Endpoints).ToHashSet();
        if (state is { Answered: true, Subscription.Wildcard: true })
        {
            foreach (var one in clusters.Where(cluster => !state.Sent.ContainsKey(cluster.Name))
                .SelectMany(cluster => cluster.References))
            {
                _warming.TryAdd(one, now);
                needed.Add(one);
            }
        }

        _leading.UnionWith(needed);
        Follow(needed);
    }

    private bool IsWarming(TimeSpan now)
    {
        if (_warming.Count == 0)
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

    /// <summary>All that the client should hold of a type, as far as it is known.</summary>
    protected SortedDictionary<string, Resource> Target(TypeState state)
    {
        var target = new SortedDictionary<string, Resource>(StringComparer.Ordinal);
        var names = state.Subscription.Wildcard
            ? state.Subscription.Names.Concat(Snapshot.Wildcard(state.Type))
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

    protected Resource? Lookup(TypeState state, string name)
    {
        var found = Snapshot.Find(state.Type, name) ?? state.Sentinels.GetValueOrDefault(name)
            ?? (Snapshot.Primed ? missing(state.Type, name) : null);
        if (found is not { Role: ResourceRole.StandIn })
        {
            return found;
        }

        var sent = state.Sent.GetValueOrDefault(name);
        return sent is { Role: not ResourceRole.StandIn } || state.Held.Contains(name) ? sent : found;
    }

    /// <summary>A client uses this from now on, though no request named it.</summary>
    protected bool Adopt(TypeState state, string name)
    {
        if (!state.Subscription.Add(name))
        {
            return false;
        }

        _adopted.Add(name);
        return true;
    }

    protected static bool IsSent(TypeState state, Resource resource) => state.Holds(resource);

    /// <summary>These as they are written now.</summary>
    protected IReadOnlyList<Resource> Written(List<Resource> resources, TimeSpan now) =>
        Resource.At(resources, StartedAt + now);

    /// <summary>How many resources of a list one response takes.</summary>
    protected int Fitting(TypeState state, List<Resource> due)
    {
        var (count, bytes) = (0, 0);
        var most = due.Count > 0 && due[0].Type == ResourceType.Endpoints
            ? Math.Min(Limits.EndpointBytes, Limits.ResponseBytes)
            : Limits.ResponseBytes;
        while (count < due.Count && (count == 0 || bytes + due[count].Framed.Length <= most))
        {
            if (state.IsRefused(due[count].Name))
            {
                return Math.Max(count, 1);
            }

            bytes += due[count++].Framed.Length;
        }

        return count;
    }

    /// <summary>Whether a change must wait for an acknowledgement or for the interval; then notes when to
    /// look.</summary>
    protected bool Held(TypeState state, TimeSpan now)
    {
        if (state.BlockedUntil(now, Limits.AckWaitMax) is { } until)
        {
            Wake(until);
            return true;
        }

        var interval = state.Type == ResourceType.Endpoints ? TimeSpan.Zero : Limits.PushInterval;
        if (state.PushedAt is { } pushed && now - pushed < interval)
        {
            Wake(pushed + interval);
            return true;
        }

        return false;
    }

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

    /// <summary>
    /// A type that is not served: a client that asks for everything of it gets an empty answer once, so that it does
    /// not wait for one.
    /// </summary>
    private TResponse? NextUnknown()
    {
        foreach (var (typeUrl, settled) in _unknown)
        {
            if (!settled)
            {
                _unknown[typeUrl] = true;
                return Nothing(typeUrl, NextNonce());
            }
        }

        return null;
    }
}
