using System.Collections.Immutable;
using Fairlead.Sidecar.Proxy.Services;

namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// Who takes requests, in levels: first by the priority of the answer, then the pod's zone, its region, everywhere
/// else. A choice takes a level by its load, draws two endpoints of it by weight, and keeps the less loaded one for its
/// weight: weights hold while nothing is busy, and a slow endpoint is left alone without any state to share. Immutable
/// but for what its endpoints count.
/// </summary>
internal sealed class PoolView
{
    private readonly ImmutableArray<Level> _levels;

    private PoolView(ImmutableArray<Level> levels, bool isPanic, long validUntil) =>
        (_levels, IsPanic, ValidUntil) = (levels, isPanic, validUntil);

    /// <summary>
    /// Whether every endpoint that is ready was ejected, and so none is left out: that all fail is the proxy's own
    /// observation, and more likely its own fault, while readiness is what their cluster signed.
    /// </summary>
    internal bool IsPanic { get; }

    /// <summary>When time alone makes another one of it.</summary>
    internal long ValidUntil { get; }

    /// <summary>The load of each level, in percent.</summary>
    internal IEnumerable<int> Loads => _levels.Select(level => level.Load);

    /// <summary>The view of these endpoints at this moment.</summary>
    internal static PoolView Of(IReadOnlyCollection<PooledEndpoint> endpoints, ProxyOptions options, long now)
    {
        var isPanic = !endpoints.Any(one => one.IsReady && one.Health.IsAvailable(now));
        var groups = endpoints
            .GroupBy(one => (one.Spec.Priority, Distance(one.Spec, options)))
            .OrderBy(group => group.Key)
            .Select(group => (
                Members: group.Where(one => one.IsReady && (isPanic || one.Health.IsAvailable(now))).ToImmutableArray(),
                Total: group.Count()))
            .ToList();
        var loads = PriorityLoad.Spread([.. groups.Select(group => (group.Members.Length, group.Total))]);
        var due = endpoints.Count == 0 ? long.MaxValue : endpoints.Min(one => one.Health.Due(now));
        return new PoolView([.. groups.Select((group, i) => Level.Of(group.Members, loads[i]))], isPanic, due);
    }

    /// <summary>Chooses an endpoint that is not among those already tried; null where none is left.</summary>
    internal PooledEndpoint? Choose(Random random, IReadOnlyCollection<PooledEndpoint> tried)
    {
        var level = ChooseLevel(random);
        if (level is null)
        {
            return null;
        }

        var (first, second) = (level.Draw(random), level.Draw(random));
        if (tried.Count == 0)
        {
            return first.IsLighterOrSame(second) ? first : second;
        }

        return (tried.Contains(first), tried.Contains(second)) switch
        {
            (false, false) => first.IsLighterOrSame(second) ? first : second,
            (false, true) => first,
            (true, false) => second,
            _ => Untried(level, tried)
                ?? _levels.Select(other => Untried(other, tried)).FirstOrDefault(one => one is not null),
        };
    }

    private static PooledEndpoint? Untried(Level level, IReadOnlyCollection<PooledEndpoint> tried)
    {
        PooledEndpoint? best = null;
        foreach (var one in level.Members)
        {
            if (!tried.Contains(one) && (best is null || !best.IsLighterOrSame(one)))
            {
                best = one;
            }
        }

        return best;
    }

    private Level? ChooseLevel(Random random)
    {
        if (_levels.Length == 1)
        {
            return _levels[0].Members.IsEmpty ? null : _levels[0];
        }

        var at = random.Next(100);
        foreach (var level in _levels)
        {
            at -= level.Load;
            if (at < 0)
            {
                return level;
            }
        }

        return null;
    }

    private static int Distance(ProxiedEndpoint endpoint, ProxyOptions options) =>
        options.Region is null || endpoint.Region != options.Region ? 2
        : options.Zone is null || endpoint.Zone != options.Zone ? 1
        : 0;

    private sealed class Level
    {
        private readonly long[] _weights;

        private Level(ImmutableArray<PooledEndpoint> members, int load, long[] weights) =>
            (Members, Load, _weights) = (members, load, weights);

        internal ImmutableArray<PooledEndpoint> Members { get; }

        internal int Load { get; }

        internal static Level Of(ImmutableArray<PooledEndpoint> members, int load)
        {
            var sums = new long[members.Length];
            long sum = 0;
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i] = sum += members[i].Spec.Weight;
            }

            return new Level(members, load, sums);
        }

        internal PooledEndpoint Draw(Random random)
        {
            var found = Array.BinarySearch(_weights, random.NextInt64(_weights[^1]) + 1);
            return Members[found >= 0 ? found : ~found];
        }
    }
}
