using Fairlead.Xds.Streams;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// One state-of-the-world stream: the last list of names holds, a response of clusters or listeners says all of them,
/// one of endpoints or routes only what it holds. Not safe for concurrent use.
/// </summary>
internal sealed class SotwStream(
    ResourceSnapshot snapshot,
    Func<ResourceType, string, Resource?> missing,
    string controlPlane,
    XdsLimits? limits = null,
    ResourceType? only = null,
    ClientNode? client = null)
    : DiscoveryStream<SotwRequest, SotwResponse>(
        snapshot, missing, (controlPlane, limits ?? XdsLimits.Default, client ?? ClientNode.Anonymous), only)
{
    // That orders all names of a list: not with each change of the view.
    private static readonly TimeSpan FollowInterval = TimeSpan.FromSeconds(1);

    // Of so few all are looked at each time, and it is not remembered which.
    private const int FewNames = 4;

    // A list is remembered with what is left out of it, and with what it says twice.
    private const int ListNames = 4;

    private readonly SotwAsked?[] _asked = new SotwAsked?[ResourceType.All.Length];

    // A gRPC client takes what is good of a response and refuses the rest (gRFC A46): nothing keeps it from that.
    private readonly bool _takesTheGood = client?.IsGrpc == true;

    public override IReadOnlyList<StreamEvent> Receive(SotwRequest request, TimeSpan now)
    {
        var typeUrl = TypeUrlOf(request.TypeUrl);
        var names = request.Names.Names;
        if (Known(typeUrl) is { } known && ReferenceEquals(Asked(known).List, request.Names))
        {
            Correlate(known, request.Nonce, request.Version, request.Error, now);
            return Told();
        }

        var isTooMany = ResourceType.Find(typeUrl) is null ? null
            : CheckCount(typeUrl, names, ListNames * Limits.NamesMax);
        if ((Check(typeUrl, names) ?? isTooMany) is { } failed)
        {
            return [failed];
        }

        if (StateOf(typeUrl, names.Count > 0) is { } state)
        {
            // Some libraries say in a second request what they hold beside the first name, before any answer: at once,
            // while who asks for something new may do so at any time.
            var holds = request.Version.Length > 0 && (!state.Requested
                || (!state.Answered && request.Nonce.Length == 0 && now - state.AskedAt < Limits.FirstAnswer));
            Correlate(state, request.Nonce, request.Version, request.Error, now);
            TakeNames(state, request.Names);
            if (holds)
            {
                state.Held.UnionWith(state.Subscription.Names);
                state.Held.UnionWith(Asked(state).LeftOut ?? []);
                Asked(state).UnknownHeld = request.Version;
            }
        }

        return Told();
    }

    protected override void OnTaken(TypeState state, SentResponse response)
    {
        Asked(state).UnknownHeld = null;
        if (state.Type.FullState && !_takesTheGood)
        {
            state.Dirty |= SuspectsOf(state).Take(response);
        }
    }

    protected override void Isolate(TypeState state, SentResponse? response, Refused refused)
    {
        if (!state.Type.FullState)
        {
            base.Isolate(state, response, refused);
        }
        else if (response is not null && !_takesTheGood && IsKnownHeld(state, response))
        {
            state.Dirty |= SuspectsOf(state).Refuse(response, refused);
        }
    }

    // Of who came back with more than is known here, what is left out might be what works: it keeps that.
    private bool IsKnownHeld(TypeState state, SentResponse response)
    {
        var asked = Asked(state);
        if (asked.UnknownHeld is { } version && SuspectsOf(state).Recognize(response, version))
        {
            asked.UnknownHeld = null;
        }

        return asked.UnknownHeld is null || SuspectsOf(state).IsPresumed(response);
    }

    // Once, before its first response: what it refuses again, or says nothing to, is not left out anew.
    private void Resume(TypeState state)
    {
        if (!_takesTheGood && !state.Answered && Asked(state) is { IsResumed: false, UnknownHeld: { } version } asked)
        {
            asked.IsResumed = true;
            SuspectsOf(state).Resume(version, base.Target(state).Values);
        }
    }

    protected override TimeSpan IntervalOf(TypeState state) =>
        Asked(state).Suspects?.Pause is { Ticks: > 0 } pause ? pause : base.IntervalOf(state);

    private SotwAsked Asked(TypeState state) => _asked[state.Type.Order] ??= new SotwAsked();

    private Suspects SuspectsOf(TypeState state) => Asked(state).Suspects ??= new Suspects(state);

    protected override SotwResponse? NextOf(TypeState state, TimeSpan now) =>
        state.Type.FullState ? NextFull(state, now) : NextIncremental(state, now);

    protected override bool IsBehind(TypeState state) => state.Type.FullState
        ? !IsAllSent(state, Target(state))
        : Due(state, out _, out _).Count > 0;

    /// <summary>The same, as far as one response has room for it: it says all of them. What has none takes no room from
    /// what the client holds.</summary>
    protected override SortedDictionary<string, Resource> Target(TypeState state)
    {
        state.Withheld.RemoveForRoom();
        state.Withheld.Keep(name => Snapshot.Find(state.Type, name) is not null);
        var target = base.Target(state);
        if (target.Values.Sum(static resource => (long)resource.Framed.Length) <= MessageBytes)
        {
            state.Withheld.HasRoom();
            return target;
        }

        // What the client holds has its place; then what changed, then what is new to it.
        var left = MessageBytes
            - target.Keys.Sum(name => (long)(state.Sent.GetValueOrDefault(name)?.Framed.Length ?? 0));
        foreach (var resource in target.Values.OrderBy(one => !state.Sent.ContainsKey(one.Name)).ToList())
        {
            var sent = state.Sent.GetValueOrDefault(resource.Name);
            var more = resource.Framed.Length - (sent?.Framed.Length ?? 0);
            if (more <= left)
            {
                left -= more;
            }
            else
            {
                TellWithheld(resource, state.Withheld.AddForRoom(resource, MessageBytes));
                target.Remove(resource.Name);
                if (sent is not null)
                {
                    target.Add(resource.Name, sent);
                }
            }
        }

        return target;
    }

    // Where there is no room beside what is wanted, what is about to leave does so at once.
    private bool KeepWhatFits(SortedDictionary<string, Resource> target, List<Resource> removals)
    {
        var left = MessageBytes - target.Values.Sum(static resource => (long)resource.Framed.Length);
        var count = target.Count;
        foreach (var resource in removals.Where(resource => resource.Framed.Length <= left))
        {
            left -= resource.Framed.Length;
            target.Add(resource.Name, resource);
        }

        return target.Count > count;
    }

    protected override SotwResponse Nothing(string typeUrl, string nonce) => new(typeUrl, "0", nonce, ControlPlane, []);

    private void TakeNames(TypeState state, NameList list)
    {
        var wildcard = state.Subscription.Wildcard;
        list.Share(name => Shared(state, name));
        Asked(state).List = list;
        var (added, removed) = state.Subscription.SetNames(Followed(state, list.Names));
        if (state.Held.Count > 0)
        {
            state.Held.IntersectWith(list.Names);
        }

        foreach (var name in added.Concat(removed))
        {
            // A name that is newly asked for is sent even if the client got it unasked before.
            var isHeld = state.Subscription.Names.Contains(name) && state.Held.Contains(name);
            state.Forget(name);
            state.Looks.Add(name);
            if (isHeld)
            {
                state.Held.Add(name);
            }
        }

        state.Dirty |= wildcard != state.Subscription.Wildcard || added.Count + removed.Count > 0;
        Changed(state, wildcard, added, removed);
    }

    // A client repeats all that it asks for whenever it comes back: who asks for too much is served what the view has,
    // and of the rest what it asked for first. Of clusters and listeners what leads nowhere makes room for the others:
    // what is left out of a response is gone.
    private IReadOnlyList<string> Followed(TypeState state, IReadOnlyList<string> names)
    {
        var asked = Asked(state);
        if (names.Count <= Limits.NamesMax)
        {
            (asked.LeftOut, asked.Nowhere) = (null, null);
            return names;
        }

        var ofClusters = NamesOfClusters(state.Type);
        var known = asked.Nowhere ?? [];
        var strangers = names.Distinct(StringComparer.Ordinal).Where(name => name is not ("*" or "")
            && !ofClusters.Contains(name) && Snapshot.Find(state.Type, name) is not
            {
                Role: ResourceRole.Ordinary or ResourceRole.Alias,
            });
        var left = strangers.OrderBy(name => (LeadsNowhere(name) ? 2 : 0)
                + (state.Subscription.Names.Contains(name) ? 0 : 1))
            .Skip(Limits.NamesMax).ToHashSet(StringComparer.Ordinal);
        if (left.Count > 0 && asked.LeftOut is not { Count: > 0 })
        {
            Events.Add(new StreamEvent.LeftOut(state.Type, StreamRefusal.TooManyNames, left.Count));
        }

        (asked.LeftOut, asked.Nowhere) = (left, left.Where(LeadsNowhere).ToHashSet(StringComparer.Ordinal));
        return left.Count == 0 ? names : [.. names.Where(name => !left.Contains(name))];

        bool LeadsNowhere(string name) => state.Type.FullState && (known.Contains(name)
            || Snapshot.Find(state.Type, name) is { Role: ResourceRole.Negative });
    }

    // Names that are known by now, or lead nowhere, have made room for others of the same list. Whether to look again.
    private bool FollowsMore(TypeState state, TimeSpan now)
    {
        var asked = Asked(state);
        if (asked.LeftOut is not { Count: > 0 })
        {
            return false;
        }

        if (now < asked.FollowAt)
        {
            Wake(asked.FollowAt);
            return true;
        }

        asked.FollowAt = now + FollowInterval;
        TakeNames(state, asked.List!);
        var told = Told();
        if (told.OfType<StreamEvent.Names>().Any(one => one.Added.Count > 0))
        {
            // Those are waited for as the first ones were.
            state.AskedAt = now;
        }

        TellNext(told);
        return false;
    }

    // Whether the client may hold something by a name that was not followed yet.
    private bool HoldsUnfollowed(TypeState state) => state.Held.Count > 0 && Asked(state) is { LeftOut: { } left } asked
        && left.Any(name => state.Held.Contains(name) && asked.Nowhere?.Contains(name) != true);

    private SotwResponse Respond(TypeState state, List<Resource> resources, TimeSpan now, bool isPush)
    {
        if (state.Type.FullState)
        {
            ForceEndpoints(state, resources.Where(resource => !IsSent(state, resource)).ToList(), now);
            foreach (var name in state.Sent.Keys.Except(resources.Select(r => r.Name)).ToList())
            {
                state.Forget(name);
            }
        }

        foreach (var resource in resources)
        {
            state.Note(resource);
        }

        var (nonce, version) = (NextNonce(), VersionOf(state));
        state.Record(new SentResponse(nonce, version, resources, now), isPush);
        return new SotwResponse(state.Type.TypeUrl, version, nonce, ControlPlane, Written(resources, now));
    }

    // By what it says a client that comes back is known (SotwVersion).
    protected override string VersionOf(TypeState state)
    {
        var version = base.VersionOf(state);
        if (!state.Type.FullState || version != state.Version || !state.Withheld.Blamed.Any())
        {
            return version;
        }

        // The older forms in it are compressed.
        var asked = Asked(state);
        Resource[] blamed = [.. state.Withheld.Blamed];
        if (asked.Version is not { } last || last.Sum != state.Sum || !last.Blamed.SequenceEqual(blamed))
        {
            var text = SotwVersion.Of(version, blamed.Select(one => (one, state.Sent.GetValueOrDefault(one.Name))));
            asked.Version = last = new SotwAsked.Marked(state.Sum, blamed, text);
        }

        return last.Text;
    }

    // What it refused last was left out of nothing that it has taken.
    private bool IsMarkNew(TypeState state) => state.AckedVersion.Length > 0 && state.Withheld.Blamed.Any()
        && VersionOf(state) is var version && version != state.AckedVersion && version != state.LastVersion;

    /// <summary>Clusters and listeners: everything that the client should hold, if that is not what it holds.</summary>
    private SotwResponse? NextFull(TypeState state, TimeSpan now)
    {
        var isFollowing = FollowsMore(state, now);
        if (!state.Answered && ((state.Subscription.Wildcard && !Snapshot.Primed)
            || HoldsUnfollowed(state) || WaitsForHeld(state, now)))
        {
            return null;
        }

        Resume(state);
        var firstAnswer = state.Subscription.Wildcard && !state.Answered;
        var (target, keep) = Wanted(state, now);
        var isSent = !firstAnswer && IsAllSent(state, target);

        // As long as there are any that wait: none comes to wait here.
        for (var left = Asked(state).Suspects?.Waiting ?? 0;
            left > 0 && isSent && NextSuspects(state, now); left--)
        {
            (target, keep) = Wanted(state, now);
            isSent = IsAllSent(state, target);
        }

        if (isSent && (AreSuspectsWaiting(state) || !IsMarkNew(state)))
        {
            state.Dirty = keep || isFollowing || AreSuspectsWaiting(state);
            return null;
        }

        var urgent = firstAnswer
            || state.Subscription.Names.Any(name => target.ContainsKey(name) && !state.Sent.ContainsKey(name));
        if (!urgent && (IsHeld(state, target, now) || WaitsForClusters(state, now)))
        {
            return null;
        }

        state.Dirty = keep || isFollowing || AreSuspectsWaiting(state);
        return Respond(state, [.. target.Values], now, isPush: true);
    }

    // What the client refused before is tried at its own pace.
    private bool IsHeld(TypeState state, SortedDictionary<string, Resource> target, TimeSpan now) =>
        Asked(state).Suspects?.Pause is not { Ticks: > 0 }
            && target.Values.Any(resource => IsOvertaken(state, resource))
        ? AwaitsWord(state, now)
        : Held(state, now);

    // What the client should hold now, with what is about to leave, and whether that is any.
    private (SortedDictionary<string, Resource> Target, bool Keeps) Wanted(TypeState state, TimeSpan now)
    {
        var target = Target(state);
        var removals = state.Sent.Values.Where(sent => !target.ContainsKey(sent.Name)).ToList();
        return (target, removals.Count > 0 && state.Type == ResourceType.Cluster && RoutesUnsettled(now)
            && KeepWhatFits(target, removals));
    }

    private static bool IsAllSent(TypeState state, SortedDictionary<string, Resource> target) =>
        target.Count == state.Sent.Count && target.Values.All(resource => IsSent(state, resource));

    private bool AreSuspectsWaiting(TypeState state) => Asked(state).Suspects?.Waiting > 0;

    // What was on trial may have left the view, or the client says nothing to it: others waited for that. Not beside
    // what a client refused of which nothing is known but that: that waits until it takes a response.
    private bool NextSuspects(TypeState state, TimeSpan now)
    {
        if (Asked(state).Suspects is not { Waiting: > 0 } suspects || Held(state, now)
            || (state is { Answered: true, Waiting: false } && Asked(state).UnknownHeld is not null))
        {
            return false;
        }

        if (state.Waiting)
        {
            var until = state.LastSentAt + Limits.AckWaitMax;
            if (now < until)
            {
                Wake(until);
                return false;
            }

            suspects.Presume();
        }

        return suspects.TryNext();
    }

    // A client that comes back takes what is missing in the first answer for gone: it may only be not known yet. While
    // nothing at all is known that it asks for it is told nothing, and goes on with what it holds. Its version does not
    // say that it holds no more: who takes the good part of a response that it refuses keeps the older one.
    private bool WaitsForHeld(TypeState state, TimeSpan now)
    {
        var until = state.AskedAt + Limits.HeldWaitMax;
        if (state.Held.Count == 0 || state.Held.All(name => Lookup(state, name) is not null))
        {
            return false;
        }

        if (now < until)
        {
            Wake(until);
            return true;
        }

        if (!state.Subscription.Wildcard
            && state.Subscription.Names.All(name => state.Held.Contains(name) && Lookup(state, name) is null))
        {
            return true;
        }

        // From here on it is told what there is, and holds of those what it is told.
        state.Held.RemoveWhere(name => Lookup(state, name) is null);
        return false;
    }

    /// <summary>Endpoints and routes: what the client asked for and does not hold as it is now.</summary>
    private SotwResponse? NextIncremental(TypeState state, TimeSpan now)
    {
        var due = Due(state, out var news, out var open);
        var held = due.Count > news && (Held(state, now) || WaitsForClusters(state, now));
        if (held)
        {
            due.RemoveAll(resource => state.Sent.ContainsKey(resource.Name));
        }

        var count = Fitting(state, due);
        state.Dirty = held || count < due.Count;
        if (state.Subscription.Names.Count <= FewNames)
        {
            state.Looks.AddAll();
        }
        else if (!held)
        {
            state.Looks.Settle([.. open, .. due.Skip(count).Select(static one => one.Name)]);
        }

        return count == 0 ? null : Respond(state, due.GetRange(0, count), now, isPush: count > news);
    }

    /// <summary>The resources to send, in the order of their names, those never sent before first.</summary>
    private List<Resource> Due(TypeState state, out int news, out IReadOnlyCollection<string> open)
    {
        var fresh = new List<Resource>();
        var changed = new List<Resource>();
        List<string>? unknown = null;
        var names = state.Looks.IsEverything ? state.Subscription.Names : state.Looks.Names;
        foreach (var name in names)
        {
            if (!state.Subscription.Names.Contains(name))
            {
                continue;
            }

            if (Lookup(state, name) is not { } resource)
            {
                (unknown ??= []).Add(name);
                continue;
            }

            if (!state.Sent.ContainsKey(name))
            {
                fresh.Add(resource);
            }
            else if (!IsSent(state, resource) || state.Forced.Contains(name))
            {
                changed.Add(resource);
            }
        }

        (news, open) = (fresh.Count, unknown ?? (IReadOnlyCollection<string>)[]);
        Resource.Sort(fresh);
        Resource.Sort(changed);
        fresh.AddRange(changed);
        return fresh;
    }
}
