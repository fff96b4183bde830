namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// How load is spread over levels of endpoints by the share of them that is available, as Envoy spreads it over
/// priorities: a level counts as healthy up to 1.4 times its available share, so that it keeps all load until less than
/// 72 % of it is left, and what a level cannot take goes to the next. Pure.
/// </summary>
internal static class PriorityLoad
{
    /// <summary>Envoy's default overprovisioning factor, in percent.</summary>
    private const int Overprovisioning = 140;

    /// <summary>The percentage of each level; all zero where nothing is available, else they add up to 100.</summary>
    /// <param name="levels">Of each level, best first, how many endpoints take requests and how many there are.</param>
    internal static int[] Spread(IReadOnlyList<(int Available, int Total)> levels)
    {
        var health = new int[levels.Count];
        for (var i = 0; i < health.Length; i++)
        {
            var (available, total) = levels[i];
            health[i] = total == 0 ? 0 : (int)Math.Min(100, (long)Overprovisioning * available / total);
        }

        // A level of thousands with one available rounds to none; it is still better than nothing.
        if (health.All(share => share == 0))
        {
            for (var i = 0; i < health.Length; i++)
            {
                health[i] = levels[i].Available > 0 ? 1 : 0;
            }
        }

        var sum = Math.Min(100, health.Sum());
        var load = new int[health.Length];
        if (sum == 0)
        {
            return load;
        }

        var left = 100;
        for (var i = 0; i < load.Length; i++)
        {
            load[i] = Math.Min(left, health[i] * 100 / sum);
            left -= load[i];
        }

        load[Array.FindIndex(health, share => share > 0)] += left;
        return load;
    }
}
