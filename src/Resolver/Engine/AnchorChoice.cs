namespace Fairlead.Resolver;

/// <summary>
/// Which home anchor to ask: the first in the configured order that is neither distrusted nor failing, else the one whose
/// trouble is over first. Not thread-safe: one cache owns it.
/// </summary>
internal sealed class AnchorChoice(int anchors)
{
    private readonly long[] _avoidUntil = new long[anchors];

    internal int Count => anchors;

    /// <summary>Asks another one first until <paramref name="until"/>.</summary>
    internal void Avoid(int anchor, long until) => _avoidUntil[anchor] = Math.Max(_avoidUntil[anchor], until);

    /// <summary>It answered well.</summary>
    internal void Restore(int anchor) => _avoidUntil[anchor] = 0;

    /// <summary>The anchor to ask now, leaving out those in <paramref name="tried"/> (a bit set); null when all are.</summary>
    internal int? Next(ulong tried, long now)
    {
        int? best = null;
        for (var i = 0; i < anchors; i++)
        {
            if ((tried & (1UL << i)) != 0)
            {
                continue;
            }

            if (_avoidUntil[i] <= now)
            {
                return i;
            }

            if (best is not { } held || _avoidUntil[i] < _avoidUntil[held])
            {
                best = i;
            }
        }

        return best;
    }
}
