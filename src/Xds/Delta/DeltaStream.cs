using System.Text;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Streams;

namespace Fairlead.Xds.Delta;

/// <summary>
/// One delta stream: requests say which names come and go, responses what changed and what is gone. Not safe for
/// concurrent use.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>A name that is subscribed is answered, also one that the client holds: it may have forgotten it.</item>
/// <item>Everything that is asked for is answered at once, in as many parts as it takes and with nothing if nothing is
/// due: before listeners and routes, and whatever was answered before.</item>
/// <item>A name that is given up while everything is asked for is sent again where it belongs to everything, and else
/// called removed.</item>
/// <item>What a client says that it holds from before is not sent again at the same version; endpoints always are.
/// What it holds of everything and is no more is called removed. A name that it asks for by itself and of which nothing
/// is known is not: it may only be not known yet.</item>
/// <item>Endpoints are never called removed, which no client heeds: an assignment without any stands for it. Neither
/// are secrets, which go with their clusters: some Envoys refuse to hear of it.</item>
/// <item>A collection is answered once everything is known that belongs to it, within
/// <see cref="XdsLimits.FirstAnswer"/> in any case, and never with nothing: a sentinel stands for that. The first name
/// of a stream for clusters alone, or of locators, is answered as early, by an empty cluster of that name until it is
/// known: nothing else is an answer to an Envoy, which asks for no second name before.</item>
/// <item>What a client got of a collection, or holds of it from before, it asks for by name from then on; it is never
/// called removed (an Envoy that hears so holds later requests until they time out).</item>
/// <item>Where more clusters are asked for by name than a stream may, or by longer names together, the oldest leaves
/// that leads nowhere, or else the oldest alias, or else the newest, the only such use of a removal. So does what a
/// client holds from before of a collection beyond that. Who asks for everything and holds more than twice as many of
/// which nothing is known is served without the rest: it keeps them.</item>
/// </list>
/// </remarks>
internal sealed partial class DeltaStream(
    ResourceSnapshot snapshot,
    Func<ResourceType, string, Resource?> missing,
    string controlPlane,
    XdsLimits? limits = null,
    ResourceType? only = null,
    ClientNode? client = null)
    : DiscoveryStream<DeltaDiscoveryRequest, DeltaResponse>(
        snapshot, missing, (controlPlane, limits ?? XdsLimits.Default, client ?? ClientNode.Anonymous), only)
{
    private readonly DeltaOwed?[] _owed = new DeltaOwed?[ResourceType.All.Length];

    public override IReadOnlyList<StreamEvent> Receive(DeltaDiscoveryRequest request, TimeSpan now)
    {
        var typeUrl = TypeUrlOf(request.TypeUrl);
        if (SaysNothingNew(request) && Known(typeUrl) is { } known)
        {
            Correlate(known, request.ResponseNonce, "", request.ErrorDetail, now);
            return Told();
        }

        var isClusters = typeUrl == ResourceType.Cluster.TypeUrl;

        // A cluster's name may be what a stranger wrote into a header: one that is too long is told not to be there,
        // and the stream of the others stays.
        var names = isClusters ? [] : request.ResourceNamesSubscribe.Concat(request.InitialResourceVersions.Keys);
        var isTooMany = isClusters ? null : CheckCount(typeUrl, Asked(typeUrl, request), Limits.NamesMax);
        if ((Check(typeUrl, names) ?? isTooMany ?? CheckCollections(typeUrl, request)) is { } failed)
        {
            return [failed];
        }

        if (StateOf(typeUrl, request.ResourceNamesSubscribe.Count > 0) is { } state)
        {
            var isFirst = !state.Requested;
            Correlate(state, request.ResponseNonce, "", request.ErrorDetail, now);
            TakeNames(state, request);
            foreach (var name in request.ResourceNamesSubscribe.Where(name => !IsShort(name)))
            {
                Owed(state).Gone.Add(name);
                state.Dirty = true;
            }

            if (isFirst || IsOfMany(request))
            {
                state.Looks.AddAll();
            }

            // After the names: those of later requests end or renew what the client says here.
            if (isFirst)
            {
                TakeBefore(state, request);
            }
        }

        return Told();
    }

    protected override DeltaResponse? NextOf(TypeState state, TimeSpan now)
    {
        var owed = Owed(state);
        Compare(state, owed);
        var (isOpening, isWaiting) = Open(state, owed, now);
        var isFirst = state.Subscription.Wildcard && !owed.IsWhole && Snapshot.Primed;
        var due = Judge(state, owed, isFirst);
        var (urgent, changed, gone) = (due.Urgent, due.Changed, due.Gone);
        var isSilent = urgent.Count + changed.Count == 0 && IsSilent(state, owed);
        if (isSilent && IsDue(state, now))
        {
            urgent.Add(SentinelFor(state, state.Subscription.Names.First(), ResourceRole.StandIn));
        }

        isWaiting |= isSilent && urgent.Count == 0;
        var keeps = gone.Count > 0 && state.Type == ResourceType.Cluster && RoutesUnsettled(now);
        if (keeps)
        {
            gone.Clear();
        }

        var held = Hold(state, due, now);
        var answers = urgent.Count;
        urgent.AddRange(changed);
        var count = Fitting(state, urgent);
        var isWhole = !(keeps || held || isWaiting);
        state.Dirty = !isWhole || count < urgent.Count;
        if (isWhole)
        {
            state.Looks.Settle([.. due.Open, .. urgent.Skip(count).Select(static one => one.Name)]);
        }

        owed.IsWhole |= isFirst && count >= answers;
        if (count + gone.Count + owed.Gone.Count == 0 && !isFirst && !owed.IsNothing)
        {
            return null;
        }

        var response = Respond(state, owed, urgent.GetRange(0, count), gone, now);
        state.Record(response.Sent, isPush: isFirst || isOpening || count > answers || gone.Count > 0);
        return response.Written;
    }

    /// <summary>Takes out what has to wait.</summary>
    /// <returns>Whether there is any.</returns>
    /// <remarks>What is tried alone waits for no word on others, each of which has a response and gets a word of its
    /// own: of clusters an Envoy says none while anything warms. So many at once that no word is lost; the next when
    /// it has said something to these, or nothing for <see cref="XdsLimits.AckWaitMax"/>.</remarks>
    private bool Hold(TypeState state, DeltaDue due, TimeSpan now)
    {
        var count = due.Changed.Count + due.Gone.Count;
        if (count == 0)
        {
            return false;
        }

        if (WaitsForClusters(state, now))
        {
            due.Changed.Clear();
            due.Gone.Clear();
        }
        else if (Held(state, now))
        {
            due.Changed.RemoveAll(
                resource => !state.IsTriedAlone(resource.Name) && !IsOvertaken(state, resource));
            due.Gone.Clear();
        }

        if (state.IsFull && due.Changed.Exists(resource => state.IsTriedAlone(resource.Name)))
        {
            var until = state.LastSentAt + Limits.AckWaitMax;
            if (now >= until)
            {
                state.GiveUp();
            }
            else
            {
                Wake(until);
                due.Changed.RemoveAll(resource => state.IsTriedAlone(resource.Name));
            }
        }

        return due.Changed.Count + due.Gone.Count < count;
    }

    protected override bool IsBehind(TypeState state)
    {
        var owed = Owed(state);
        var due = Judge(state, owed, isFirst: false);
        return due.Urgent.Count + due.Changed.Count + due.Gone.Count + owed.Gone.Count > 0;
    }

    // Who could not read one resource of a response took nothing of it, and knows of no removal either.
    protected override void Isolate(TypeState state, SentResponse? response, Refused refused)
    {
        base.Isolate(state, response, refused);
        foreach (var name in response?.Resources.Count > 0 ? response.Removed : [])
        {
            if (!state.Sent.ContainsKey(name) && !IsWanted(state, name))
            {
                Owed(state).Gone.Add(name);
                state.Dirty = true;
            }
        }
    }

    protected override DeltaResponse Nothing(string typeUrl, string nonce) =>
        new(typeUrl, "0", nonce, ControlPlane, [], []);

    private static bool SaysNothingNew(DeltaDiscoveryRequest request) => request.ResourceNamesSubscribe.Count
        + request.ResourceNamesUnsubscribe.Count + request.InitialResourceVersions.Count == 0;

    private DeltaOwed Owed(TypeState state) => _owed[state.Type.Order] ??= new DeltaOwed();

    private void Use(TypeState state, DeltaOwed owed, string name)
    {
        if (Adopt(state, name))
        {
            owed.Order.Add(name);
        }
    }

    /// <summary>Opens the collections whose time has come.</summary>
    /// <returns>Whether one opens now, and whether one waits.</returns>
    private (bool IsOpening, bool IsWaiting) Open(TypeState state, DeltaOwed owed, TimeSpan now)
    {
        var (isOpening, isWaiting) = (false, false);
        foreach (var collection in state.Subscription.Globs)
        {
            if (state.Opened?.Contains(collection) == true)
            {
                continue;
            }

            if (!Snapshot.Primed && !IsDue(state, now))
            {
                isWaiting = true;
                continue;
            }

            isOpening = true;
            (state.Opened ??= []).Add(collection);
            state.Looks.AddAll();
            var known = All(state, owed).Where(name => collection.Has(name)
                && IsWanted(state, name) && Lookup(state, name) is not null).ToList();
            owed.Asked.UnionWith(
                known.Count > 0 ? known : [SentinelFor(state, collection.NameOf(Resource.SentinelId)).Name]);
        }

        return (isOpening, isWaiting);
    }

    // Whoever asks for clusters one by one on a stream for them alone sends the second name after the first answer.
    private bool IsSilent(TypeState state, DeltaOwed owed) => IsOnDemand(state)
        && state is { Answered: false, Subscription: { Wildcard: false, Globs.Count: 0, Names.Count: > 0 } }
        && owed.Before.Count + state.Held.Count == 0;

    // On a stream for clusters alone, or by locators on one that does not ask for everything.
    private bool IsOnDemand(TypeState state) => state.Type == ResourceType.Cluster && !state.Subscription.Wildcard
        && (Only == ResourceType.Cluster || state.Subscription.Names.Any(Collections.IsLocator));

    private bool IsDue(TypeState state, TimeSpan now)
    {
        var due = state.AskedAt + Limits.FirstAnswer;
        if (now < due)
        {
            Wake(due);
        }

        return now >= due;
    }

    private static Resource SentinelFor(
        TypeState state, string name, ResourceRole role = ResourceRole.Ordinary) =>
        (state.Sentinels ??= new(StringComparer.Ordinal))[name] = Resource.Sentinel(name).As(role);

    private bool IsShort(string name) => name.Length <= Limits.NameLengthMax;

    /// <summary>Takes over what the client holds from before, once it is known what there is.</summary>
    private void Compare(TypeState state, DeltaOwed owed)
    {
        if (owed.Before.Count == 0 || !Snapshot.Primed)
        {
            return;
        }

        foreach (var (name, version) in owed.Before)
        {
            var isNamed = state.Subscription.Names.Contains(name);
            var isOfAll = state.Subscription.Wildcard && Snapshot.Wildcard(state.Type).Contains(name);
            var now = isNamed || isOfAll ? Lookup(state, name) : null;
            if (now is null)
            {
                if (!isNamed && state.Subscription.Wildcard && state.Withheld.ReasonOf(name) is null)
                {
                    owed.Gone.Add(name);
                }
            }
            else if (state.Sent.ContainsKey(name) || state.Type == ResourceType.Endpoints)
            {
                continue;
            }
            else if (now.Version == version)
            {
                state.Note(now);
                owed.Asked.Remove(name);
            }
            else
            {
                owed.Outdated.Add(name);
            }
        }

        owed.Before.Clear();
    }

    /// <summary>What is due of the names that are to be looked at.</summary>
    private DeltaDue Judge(TypeState state, DeltaOwed owed, bool isFirst)
    {
        var due = new DeltaDue();
        foreach (var name in state.Looks.IsEverything ? All(state, owed) : state.Looks.Names)
        {
            Judge(state, owed, name, isFirst, due);
        }

        due.Sort();
        return due;
    }

    private void Judge(TypeState state, DeltaOwed owed, string name, bool isFirst, DeltaDue due)
    {
        if (IsWanted(state, name) && Lookup(state, name) is { } resource)
        {
            var isNew = !state.Sent.ContainsKey(name)
                && (isFirst || state.Subscription.Names.Contains(name) || state.Subscription.IsInCollection(name));
            if (owed.Asked.Contains(name) || isNew)
            {
                due.Urgent.Add(resource);
            }
            else if (!IsSent(state, resource) || state.Forced.Contains(name))
            {
                due.Changed.Add(resource);
            }

            return;
        }

        if (!IsWanted(state, name))
        {
            state.Withheld.Remove(name);
        }
        else if (state.Withheld.ReasonOf(name) is not null)
        {
            return; // The client may hold it from before, as it was then.
        }

        if (state.Subscription.Names.Contains(name))
        {
            due.Open.Add(name);
        }

        if (IsGone(state, owed, name, due))
        {
            due.Gone.Add(name);
        }
    }

    /// <summary>Whether the client holds, by us or from before, what it should not.</summary>
    /// <remarks>Who asks for clusters one by one keeps them whatever becomes of them, as one of a collection
    /// does.</remarks>
    private bool IsGone(TypeState state, DeltaOwed owed, string name, DeltaDue due) =>
        (Limits.TellsEveryRemoval || state.Type != ResourceType.Endpoints) && state.Type != ResourceType.Secret
        && Snapshot.Primed
        && (state.Sent.ContainsKey(name) || owed.Outdated.Contains(name))
        && !state.Subscription.IsInCollection(name)
        && !(state.Subscription.Names.Contains(name) && !Limits.TellsEveryRemoval
            && (due.IsOnDemand ??= IsOnDemand(state)));

    /// <summary>Whether a client should hold a name of a type, as far as it is known.</summary>
    /// <remarks>Of everything nothing is told before the view is primed; what is asked for by name, or of a collection
    /// that is open, is told as it is known.</remarks>
    private bool IsWanted(TypeState state, string name) => state.Subscription.Names.Contains(name)
        || state.Sentinels?.ContainsKey(name) == true
        || (state.Subscription.Wildcard && Snapshot.Primed && Snapshot.Wildcard(state.Type).Contains(name))
        || (IsOpened(state, name) && Snapshot.Located(state.Type).Contains(name));

    private static bool IsOpened(TypeState state, string name)
    {
        if (state.Opened is null)
        {
            return false;
        }

        foreach (var collection in state.Opened)
        {
            if (collection.Has(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>All names that a client should hold of a type or does.</summary>
    private IReadOnlyCollection<string> All(TypeState state, DeltaOwed owed)
    {
        var names = state.Subscription.Names;
        if (state is { Subscription.Wildcard: false, Sentinels: null, Opened: null }
            && owed.Outdated.Count == 0 && state.Sent.Keys.All(names.Contains))
        {
            return names; // As a rule: whose names seldom change looks at all of them each time.
        }

        var all = new HashSet<string>(names, StringComparer.Ordinal);
        if (state.Sentinels is { } sentinels)
        {
            all.UnionWith(sentinels.Keys);
        }

        all.UnionWith(state.Sent.Keys);
        all.UnionWith(owed.Outdated);
        if (state.Subscription.Wildcard && Snapshot.Primed)
        {
            all.UnionWith(Snapshot.Wildcard(state.Type));
        }

        if (state.Opened is { Count: > 0 })
        {
            all.UnionWith(Snapshot.Located(state.Type).Where(name => IsOpened(state, name)));
        }

        return all;
    }

    private (SentResponse Sent, DeltaResponse Written) Respond(
        TypeState state, DeltaOwed owed, List<Resource> resources, List<string> gone, TimeSpan now)
    {
        if (state.Type == ResourceType.Cluster)
        {
            ForceEndpoints(state, resources, now);
        }

        foreach (var resource in resources)
        {
            state.Note(resource);
            owed.Asked.Remove(resource.Name);
            if (state.Subscription.IsInCollection(resource.Name))
            {
                Use(state, owed, resource.Name);
            }

            // One name stands in one place of a response.
            owed.Gone.Remove(resource.Name);
            owed.Outdated.Remove(resource.Name);
        }

        foreach (var name in gone)
        {
            state.Forget(name);
            owed.Outdated.Remove(name);
        }

        owed.IsNothing = false;
        owed.Gone.UnionWith(gone);
        var removed = owed.Gone.Count == 0 ? (IReadOnlyList<string>)[]
            : TakeGone(owed, Limits.ResponseBytes - resources.Sum(static one => one.Framed.Length));
        state.Dirty |= owed.Gone.Count > 0;
        var (nonce, version) = (NextNonce(), VersionOf(state));
        return (
            new SentResponse(nonce, version, resources, now) { Removed = removed },
            new DeltaResponse(
                state.Type.TypeUrl, version, nonce, ControlPlane, Written(resources, now), removed));
    }

    // What one response calls removed of what is owed so: one name at the least.
    private static List<string> TakeGone(DeltaOwed owed, int bytes)
    {
        var taken = owed.Gone.Order(StringComparer.Ordinal)
            .TakeWhile((name, i) => (bytes -= Encoding.UTF8.GetByteCount(name) + 4) >= 0 || i == 0).ToList();
        taken.ForEach(name => owed.Gone.Remove(name));
        return taken;
    }
}
