using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Streams;

namespace Fairlead.Xds.Delta;

/// <summary>What leaves a delta stream: what its client gives up, and what makes room for other names.</summary>
internal sealed partial class DeltaStream
{
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
        var sentinels = removed.Select(name => Collections.PrefixOf(name, state.Type)).OfType<string>()
            .Select(prefix => prefix + Resource.SentinelId).Where(name => state.Sentinels.Remove(name)).ToList();
        foreach (var name in sentinels)
        {
            state.Subscription.Remove(name);
            state.Forget(name);
            owed.Forget(name);
        }

        return sentinels;
    }

    /// <summary>Chooses what leaves where more names are asked for than a stream may: the oldest that lead nowhere, and
    /// where those are too few the newest, whatever they are.</summary>
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
        for (var i = order.Count; i > 0 && IsTooMuch(); i--)
        {
            var name = order.TakeFirst();
            if (IsCollection(name) || request.InitialResourceVersions.ContainsKey(name)
                || state.Held.Contains(name) || state.Sentinels.ContainsKey(name)
                || Lookup(state, name) is { Role: ResourceRole.Ordinary })
            {
                order.Add(name);
                continue;
            }

            Leave(name);
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

        bool IsCollection(string name) => Collections.PrefixOf(name, state.Type) is not null;
    }
}
