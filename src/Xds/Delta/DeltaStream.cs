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
/// <item>Endpoints are never called removed, which no client heeds: an assignment without any stands for it.</item>
/// </list>
/// </remarks>
internal sealed class DeltaStream(
    ResourceSnapshot snapshot,
    Func<ResourceType, string, Resource?> missing,
    string controlPlane,
    XdsLimits? limits = null,
    ResourceType? only = null)
    : DiscoveryStream<DeltaDiscoveryRequest, DeltaResponse>(
        snapshot, missing, (controlPlane, limits ?? XdsLimits.Default), only)
{
    private readonly DeltaOwed?[] _owed = new DeltaOwed?[ResourceType.All.Length];

    public override IReadOnlyList<StreamEvent> Receive(DeltaDiscoveryRequest request, TimeSpan now)
    {
        Events.Clear();
        var typeUrl = TypeUrlOf(request.TypeUrl);
        var names = request.ResourceNamesSubscribe.Concat(request.InitialResourceVersions.Keys);
        if ((Check(typeUrl, names) ?? CheckCount(Count(typeUrl, request))) is { } failed)
        {
            return [failed];
        }

        if (StateOf(typeUrl, request.ResourceNamesSubscribe.Count > 0) is { } state)
        {
            var isFirst = !state.Requested;
            Correlate(state, request.ResponseNonce, "", request.ErrorDetail, now);
            TakeNames(state, request);

            // After the names: those of later requests end or renew what the client says here.
            if (isFirst)
            {
                TakeBefore(state, request);
            }
        }

        return [.. Events];
    }

    protected override DeltaResponse? NextOf(TypeState state, TimeSpan now)
    {
        var owed = Owed(state);
        Compare(state, owed);
        var isFirst = state.Subscription.Wildcard && !owed.IsWhole && Snapshot.Primed;
        var (urgent, changed) = Due(state, owed, isFirst);
        var gone = Gone(state, owed);
        var keeps = gone.Count > 0 && state.Type == ResourceType.Cluster && RoutesUnsettled(now);
        if (keeps)
        {
            gone.Clear();
        }

        var held = changed.Count + gone.Count > 0 && (Held(state, now) || WaitsForClusters(state));
        if (held)
        {
            changed.Clear();
            gone.Clear();
        }

        var answers = urgent.Count;
        urgent.AddRange(changed);
        var count = Fitting(urgent);
        state.Dirty = keeps || held || count < urgent.Count;
        owed.IsWhole |= isFirst && count >= answers;
        if (count + gone.Count + owed.Gone.Count == 0 && !isFirst)
        {
            return null;
        }

        var response = Respond(state, owed, urgent.GetRange(0, count), gone, now);
        state.Record(response.Sent, isPush: isFirst || count > answers || gone.Count > 0);
        return response.Written;
    }

    protected override bool IsBehind(TypeState state)
    {
        var owed = Owed(state);
        var (urgent, changed) = Due(state, owed, isFirst: false);
        return urgent.Count + changed.Count + owed.Gone.Count > 0 || Gone(state, owed).Count > 0;
    }

    protected override DeltaResponse Nothing(string typeUrl, string nonce) =>
        new(typeUrl, "0", nonce, ControlPlane, [], []);

    private DeltaOwed Owed(TypeState state) => _owed[state.Type.Order] ??= new DeltaOwed();

    // What the stream would be asked for if all of the request were taken.
    private int Count(string typeUrl, DeltaDiscoveryRequest request) => request.ResourceNamesSubscribe.Count
        + request.InitialResourceVersions.Count
        + (Types.FirstOrDefault(state => state.Type.TypeUrl == typeUrl)?.Subscription.Names
            .Except(request.ResourceNamesSubscribe).Count() ?? 0);

    private void TakeBefore(TypeState state, DeltaDiscoveryRequest request)
    {
        // An empty version is a name that the client waits for (ztunnel), not one that it holds.
        var before = Owed(state).Before;
        foreach (var (name, version) in request.InitialResourceVersions.Where(pair => pair.Value.Length > 0))
        {
            before[name] = version;
        }
    }

    private void TakeNames(TypeState state, DeltaDiscoveryRequest request)
    {
        var owed = Owed(state);
        var wildcard = state.Subscription.Wildcard;
        var (added, removed) =
            state.Subscription.Change(request.ResourceNamesSubscribe, request.ResourceNamesUnsubscribe);
        foreach (var name in request.ResourceNamesSubscribe.Where(state.Subscription.Names.Contains))
        {
            owed.Asked.Add(name);
            if (owed.Gone.Remove(name))
            {
                // Given up just now under everything: the client holds it still.
                owed.Outdated.Add(name);
            }

            owed.Doubt(name);
            state.Dirty = true;
        }

        foreach (var name in removed)
        {
            // Of everything it is held on: to be sent again, or called removed if it goes before that.
            if (state.Subscription.Wildcard && Snapshot.Wildcard(state.Type).Contains(name))
            {
                owed.Asked.Add(name);
                owed.Doubt(name);
                continue;
            }

            state.Forget(name);
            owed.Forget(name);
            if (state.Subscription.Wildcard)
            {
                owed.Gone.Add(name);
            }
        }

        state.Dirty |= wildcard != state.Subscription.Wildcard || removed.Count > 0;
        if (request.ResourceNamesSubscribe.Contains("*") && state.Subscription.Wildcard)
        {
            owed.IsWhole = false;
            state.Dirty = true;
        }

        if (wildcard && !state.Subscription.Wildcard)
        {
            owed.Gone.Clear();
            foreach (var name in owed.Before.Keys.Union(owed.Outdated).Except(state.Subscription.Names).ToList())
            {
                owed.Forget(name);
            }
        }

        Changed(state, wildcard, added, removed);
    }

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
                if (!isNamed && state.Subscription.Wildcard)
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

    /// <summary>What to send, by name: what the client asked for and waits for, and what only changed.</summary>
    private (List<Resource> Urgent, List<Resource> Changed) Due(TypeState state, DeltaOwed owed, bool isFirst)
    {
        var urgent = new List<Resource>();
        var changed = new List<Resource>();
        foreach (var resource in Wanted(state).Values)
        {
            var isNew = !state.Sent.ContainsKey(resource.Name)
                && (isFirst || state.Subscription.Names.Contains(resource.Name));
            if (owed.Asked.Contains(resource.Name) || isNew)
            {
                urgent.Add(resource);
            }
            else if (!IsSent(state, resource) || state.Forced.Contains(resource.Name))
            {
                changed.Add(resource);
            }
        }

        return (urgent, changed);
    }

    /// <summary>What the client holds, by us or from before, and should not.</summary>
    private List<string> Gone(TypeState state, DeltaOwed owed)
    {
        if (state.Type == ResourceType.Endpoints || !Snapshot.Primed)
        {
            return [];
        }

        var wanted = Wanted(state);
        return
        [
            .. state.Sent.Keys.Union(owed.Outdated, StringComparer.Ordinal)
                .Where(name => !wanted.ContainsKey(name)).Order(StringComparer.Ordinal),
        ];
    }

    // Of everything nothing is told before the view is primed; what is asked for by name is told as it is known.
    private SortedDictionary<string, Resource> Wanted(TypeState state)
    {
        var wanted = Target(state);
        if (state.Subscription.Wildcard && !Snapshot.Primed)
        {
            foreach (var name in wanted.Keys.Where(name => !state.Subscription.Names.Contains(name)).ToList())
            {
                wanted.Remove(name);
            }
        }

        return wanted;
    }

    private (SentResponse Sent, DeltaResponse Written) Respond(
        TypeState state, DeltaOwed owed, List<Resource> resources, List<string> gone, TimeSpan now)
    {
        if (state.Type == ResourceType.Cluster)
        {
            ForceEndpoints(resources);
        }

        foreach (var resource in resources)
        {
            state.Note(resource);
            owed.Asked.Remove(resource.Name);

            // One name stands in one place of a response.
            owed.Gone.Remove(resource.Name);
            owed.Outdated.Remove(resource.Name);
        }

        foreach (var name in gone)
        {
            state.Forget(name);
            owed.Outdated.Remove(name);
        }

        var removed = owed.Gone.Union(gone, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        owed.Gone.Clear();
        var nonce = NextNonce();
        return (
            new SentResponse(nonce, state.Version, resources, now),
            new DeltaResponse(state.Type.TypeUrl, state.Version, nonce, ControlPlane, resources, removed));
    }
}
