using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Streams;

namespace Fairlead.Xds.Delta;

internal sealed partial class DeltaStream
{
    // A request after which more may be due than the names in it.
    private static bool IsOfMany(DeltaDiscoveryRequest request) =>
        request.ResourceNamesSubscribe.Concat(request.ResourceNamesUnsubscribe)
            .Any(name => name == "*" || Collections.Of(name) is not null)
        || request.ResourceNamesUnsubscribe.Any(Collections.IsLocator);

    // What the stream would be asked for if all of the request were taken.
    private HashSet<string> Asked(string typeUrl, DeltaDiscoveryRequest request)
    {
        // Who comes back names each twice: what it asks for, and at which version it has it.
        var all = new HashSet<string>(request.ResourceNamesSubscribe, StringComparer.Ordinal);
        all.UnionWith(request.InitialResourceVersions.Keys);
        all.UnionWith(Types.FirstOrDefault(state => state.Type.TypeUrl == typeUrl)?.Subscription.Names
            .Except(request.ResourceNamesUnsubscribe) ?? []);
        return all;
    }

    private StreamEvent.Failed? CheckCollections(string typeUrl, DeltaDiscoveryRequest request)
    {
        var known = Types.FirstOrDefault(state => state.Type.TypeUrl == typeUrl)?.Subscription.Globs ?? [];
        var asked = request.ResourceNamesSubscribe.Select(name => Collections.Of(name)).OfType<Collection>();
        var count = asked.Union(known).Count();
        return count <= Limits.CollectionsMax ? null : new StreamEvent.Failed(
            StreamRefusal.TooManyNames, $"{count} collections, {Limits.CollectionsMax} allowed");
    }

    private void TakeBefore(TypeState state, DeltaDiscoveryRequest request)
    {
        // An empty version is a name that the client waits for (ztunnel), not one that it holds. What is known comes
        // first: of the rest there may be more than is remembered.
        var owed = Owed(state);
        var (strangers, leftOut) = (0, 0);
        foreach (var (name, version) in request.InitialResourceVersions
            .Where(pair => pair.Value.Length > 0 && IsShort(pair.Key))
            .OrderBy(pair => Snapshot.Find(state.Type, pair.Key) is null))
        {
            var isNamed = state.Subscription.Names.Contains(name);
            var isOfCollection = !isNamed && state.Subscription.IsInCollection(name);
            if (isOfCollection && state.Subscription.Names.Count > Limits.NamesMax)
            {
                owed.Gone.Add(name);
                leftOut++;
                continue;
            }

            if (!isNamed && !isOfCollection && Snapshot.Find(state.Type, name) is null
                && ++strangers > 2 * Limits.NamesMax)
            {
                leftOut++;
                continue;
            }

            owed.Before[name] = version;
            if (isNamed)
            {
                state.Held.Add(name);
            }
            else if (isOfCollection)
            {
                state.Held.Add(name);
                Use(state, owed, name);
                if (state.Subscription.Globs.Any(one => one.NameOf(Resource.SentinelId) == name))
                {
                    SentinelFor(state, name);
                }
            }
        }

        if (leftOut > 0)
        {
            Events.Add(new StreamEvent.LeftOut(state.Type, StreamRefusal.TooManyNames, leftOut));
        }
    }

    private void TakeNames(TypeState state, DeltaDiscoveryRequest request)
    {
        var owed = Owed(state);
        var wildcard = state.Subscription.Wildcard;
        var subscribed = request.ResourceNamesSubscribe;
        var (added, removed) = state.Subscription.Change(
            [.. subscribed.Where(IsShort).Select(name => Shared(state, name))],
            request.ResourceNamesUnsubscribe,
            isNaming: subscribed.Count > 0);
        foreach (var name in request.ResourceNamesSubscribe.Where(state.Subscription.Names.Contains))
        {
            owed.Asked.Add(name);
            if (owed.Gone.Remove(name))
            {
                // Given up just now under everything: the client holds it still.
                owed.Outdated.Add(name);
            }

            owed.Doubt(name);
            owed.IsNothing |= Collections.Of(name) is { } asked && !state.Subscription.Globs.Contains(asked);
            state.Dirty = true;
        }

        // Before room is made: what is given up leaves room, and does not leave twice.
        GiveUp(state, owed, removed);
        removed = [.. removed, .. GiveUpSentinels(state, owed, removed)];
        var left = state.Type == ResourceType.Cluster ? MakeRoom(state, request, added) : [];

        foreach (var name in left)
        {
            state.Subscription.Remove(name);
            state.Forget(name);
            owed.Forget(name);
            owed.Gone.Add(name);
            state.Dirty = true;
        }

        state.Looks.Add(subscribed);
        state.Looks.Add(request.ResourceNamesUnsubscribe);
        state.Looks.Add(left);
        state.Opened?.IntersectWith(state.Subscription.Globs);
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

        Changed(state, wildcard, [.. added.Except(left)], [.. removed, .. left.Except(added)]);
    }

    private void GiveUp(TypeState state, DeltaOwed owed, IEnumerable<string> removed)
    {
        foreach (var name in removed)
        {
            // Of everything it is held on: to be sent again, or called removed if it goes before that.
            if (state.Subscription.Wildcard && Snapshot.Wildcard(state.Type).Contains(name))
            {
                owed.Asked.Add(name);
                owed.Doubt(name);
                owed.Order.Remove(name);
                continue;
            }

            state.Forget(name);
            owed.Forget(name);
            if (state.Subscription.Wildcard)
            {
                owed.Gone.Add(name);
            }
        }
    }

    // A sentinel goes with its collection: nothing else leads to it.
    private static List<string> GiveUpSentinels(TypeState state, DeltaOwed owed, IEnumerable<string> removed)
    {
        var sentinels = removed.Select(name => Collections.Of(name, state.Type)).OfType<Collection>()
            .Except(state.Subscription.Globs)
            .Select(one => one.NameOf(Resource.SentinelId))
            .Where(name => state.Sentinels?.Remove(name) == true).ToList();
        foreach (var name in sentinels)
        {
            state.Subscription.Remove(name);
            state.Forget(name);
            owed.Forget(name);
        }

        return sentinels;
    }

    /// <summary>Chooses what leaves where more names are asked for than a stream may: the oldest that lead nowhere,
    /// then those that are new and of which nothing is known but the newest of them, then the oldest that write what
    /// has a name of its own in another way, and where those are too few the newest, whatever they are.</summary>
    /// <returns>Those names.</returns>
    private HashSet<string> MakeRoom(TypeState state, DeltaDiscoveryRequest request, IReadOnlyList<string> added)
    {
        var order = Owed(state).Order;
        foreach (var name in added)
        {
            order.Add(name);
        }

        var left = new HashSet<string>(StringComparer.Ordinal);
        var length = order.Length;
        var fresh = IsTooMuch() ? added.ToHashSet(StringComparer.Ordinal) : [];
        var (aliases, unknown) = (new List<string>(), new List<string>());
        for (var i = order.Count; i > 0 && IsTooMuch(); i--)
        {
            var name = order.TakeFirst();
            var role = Lookup(state, name)?.Role;
            var mayLeave = !IsCollection(name) && !request.InitialResourceVersions.ContainsKey(name)
                && !state.Held.Contains(name) && state.Sentinels?.ContainsKey(name) != true;
            var isFresh = role is null && fresh.Contains(name);
            if (mayLeave && role is not (ResourceRole.Ordinary or ResourceRole.Alias) && !isFresh)
            {
                Leave(name);
                continue;
            }

            order.Add(name);
            if (mayLeave && role != ResourceRole.Ordinary)
            {
                (isFresh ? unknown : aliases).Add(name);
            }
        }

        // The newest may be what somebody waits for; whoever asks for many of which nothing is known gets one place.
        foreach (var name in unknown.SkipLast(1).Concat(aliases).Concat(unknown.TakeLast(1)))
        {
            if (IsTooMuch())
            {
                Leave(name);
            }
        }

        for (var i = added.Count - 1; i >= 0 && IsTooMuch(); i--)
        {
            if (!IsCollection(added[i]))
            {
                Leave(added[i]);
            }
        }

        return left;

        bool IsTooMuch() => state.Subscription.Names.Count - left.Count > Limits.NamesMax
            || length > Limits.NameBytesMax;

        void Leave(string name) => length -= left.Add(name) ? name.Length : 0;

        bool IsCollection(string name) => Collections.Of(name, state.Type) is not null;
    }
}
