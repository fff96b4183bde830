namespace Fairlead.Xds.Streams;

/// <summary>
/// What one stream of either variant is: requests, snapshots and the time go in, responses come out. No I/O, no clock;
/// not safe for concurrent use.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>A refusal is an error_detail and nothing else; it counts once per nonce, and a response that was refused is
/// not sent again. Of several resources in one each is sent once alone, so that what is good reaches a client that took
/// none of it and the next refusal says what is bad: that is not sent again until it or its end changes. In delta each
/// of these has a word of its own and waits for none; a client of the state of the world may say one of several alone,
/// and is sent one after the other. Where a response says all of a type, <see cref="Sotw.Suspects"/> finds it.</item>
/// <item>The names of a request are taken whatever its nonce says: requests are ordered.</item>
/// <item>At most one response per type with changes awaits its acknowledgement, for
/// <see cref="XdsLimits.AckWaitMax"/> at the longest; changes meanwhile collapse into the next. A name that was never
/// answered does not wait for it, and its answer does not make changes wait longer. In delta neither does a cluster
/// whose endpoints change with it: those wait for nobody, since what was withdrawn must leave at once, and would be
/// used as the cluster was before. In the state of the world it does, and they go: of two responses without a word on
/// the first nobody could tell which cluster of them a refusal is of.</item>
/// <item>Changes go out as clusters, endpoints, listeners, routes; clusters that are no longer wanted leave after
/// listeners and routes have settled. Where a client has a stream for each type, each waits for the others so, for
/// <see cref="XdsLimits.AckWaitMax"/> at the longest.</item>
/// <item>Every cluster that is sent is followed by its endpoints, changed or not, acknowledged or not: Envoy
/// withholds the acknowledgement of clusters while it waits for endpoints.</item>
/// <item>Nobody is told an empty world by a view that is not primed.</item>
/// <item>What stands in for something unknown goes to a client that holds nothing of that name, and to no other.</item>
/// <item>What no message to the client can bring is held back alone (<see cref="Withheld"/>): it keeps what it has of
/// that name, and who asks for such endpoints and has none is told that there are none.</item>
/// </list>
/// </remarks>
/// <param name="snapshot">What is served at first.</param>
/// <param name="missing">What to send for a name that a primed snapshot does not hold; null for nothing.</param>
/// <param name="options">Who serves, the limits, and whom.</param>
/// <param name="only">The one type of the stream; null on an aggregated one.</param>
internal abstract partial class DiscoveryStream<TRequest, TResponse>(
    ResourceSnapshot snapshot,
    Func<ResourceType, string, Resource?> missing,
    (string ControlPlane, XdsLimits Limits, ClientNode Client) options,
    ResourceType? only)
    where TResponse : class, IDiscoveryResponse
{
    // What a response has beside its resources: versions, a nonce, names of the removed that it has room for.
    private const int EnvelopeBytes = 64 << 10;

    private readonly TypeState?[] _types = new TypeState?[ResourceType.All.Length];

    // What few streams have, and thousands may stand idle: null until there is any.
    private Dictionary<string, bool>? _unknown;
    private List<string>? _adopted;
    private List<StreamEvent>? _toTell;
    private List<StreamEvent>? _events;

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

    /// <summary>Bytes of resources that one message to the client may bring.</summary>
    protected int MessageBytes { get; } = Math.Max(
        (options.Client.IsEnvoy ? options.Limits.EnvoyMessageBytes : options.Limits.MessageBytes) - EnvelopeBytes, 1);

    protected List<StreamEvent> Events => _events ??= new(1);

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

        NoteMoved(snapshot, changes);

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

    /// <summary>
    /// What happened while responses were made since this was asked last. What was sent of a collection is asked for
    /// by name from then on: a client uses it, and must hear of it whatever becomes of the collection.
    /// </summary>
    public IReadOnlyList<StreamEvent> TakeTold()
    {
        if (_adopted is not null)
        {
            TellNext([new StreamEvent.Names(ResourceType.Cluster, _adopted, [])]);
        }

        IReadOnlyList<StreamEvent> told = _toTell ?? [];
        (_adopted, _toTell) = (null, null);
        return told;
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
        var next = NextOfTypes(now);
        ForgetMoved();
        return next ?? NextUnknown();
    }

    private TResponse? NextOfTypes(TimeSpan now)
    {
        foreach (var type in ResourceType.All)
        {
            if (_types[type.Order] is { Dirty: true } state && NextOf(state, now) is { } response)
            {
                return response;
            }
        }

        return null;
    }

    /// <summary>The next response of one type; clears <see cref="TypeState.Dirty"/> where nothing is left to
    /// send.</summary>
    protected abstract TResponse? NextOf(TypeState state, TimeSpan now);

    /// <summary>Whether the client holds something else than it should.</summary>
    protected abstract bool IsBehind(TypeState state);

    /// <summary>A response without resources, for a type that is not served.</summary>
    protected abstract TResponse Nothing(string typeUrl, string nonce);

    /// <summary>All that the client should hold of a type, as far as it is known.</summary>
    protected virtual SortedDictionary<string, Resource> Target(TypeState state)
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

    /// <summary>Something is held back from now on; nothing happens where there is no reason.</summary>
    protected void TellWithheld(Resource resource, Refused? reason)
    {
        if (reason is not null)
        {
            TellNext([new StreamEvent.Withheld(resource, reason)]);
        }
    }

    /// <summary>What came about while a response was made.</summary>
    protected void TellNext(IEnumerable<StreamEvent> events) => (_toTell ??= []).AddRange(events);

    // What the client has of a name of which nothing newer can be sent. Endpoints are always answered, be it by none.
    private Resource? KeptOf(TypeState state, string name, Resource? resource)
    {
        if (resource is null)
        {
            state.Withheld.Remove(name);
            return null;
        }

        if (resource.Framed.Length > MessageBytes)
        {
            TellWithheld(resource, state.Withheld.AddTooLarge(resource, MessageBytes));
        }

        return !state.Withheld.Holds(resource) ? resource
            : state.Sent.GetValueOrDefault(name) ?? (state.Type == ResourceType.Endpoints
                ? Resource.EmptyEndpoints(name).As(ResourceRole.StandIn)
                : null);
    }

    protected Resource? Lookup(TypeState state, string name)
    {
        var found = Snapshot.Find(state.Type, name) ?? state.Sentinels?.GetValueOrDefault(name)
            ?? (Snapshot.Primed ? missing(state.Type, name) : null);
        found = KeptOf(state, name, found);
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

        (_adopted ??= []).Add(name);
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
        most = Math.Min(most, MessageBytes);
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

    /// <summary>
    /// A type that is not served: a client that asks for everything of it gets an empty answer once, so that it does
    /// not wait for one.
    /// </summary>
    private TResponse? NextUnknown()
    {
        if (_unknown is null)
        {
            return null;
        }

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
