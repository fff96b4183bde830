namespace Fairlead.Resolver;

/// <summary>
/// Which home anchor to ask: the first in the configured order that is not avoided, else the one whose avoidance ends
/// first. An anchor that failed is avoided for a pause that doubles with every failure in a row, one that was refused
/// for a longer one; the first name that asks it afterwards is its probation. Not thread-safe: one cache owns it.
/// </summary>
internal sealed class AnchorChoice(NameCacheOptions options)
{
    private readonly List<Standing> _anchors = [];

    internal int Count => _anchors.Count;

    /// <summary>Knows of more anchors from now on; never of fewer, so that an index keeps its meaning.</summary>
    internal void Grow(int count)
    {
        while (_anchors.Count < count)
        {
            _anchors.Add(new Standing());
        }
    }

    /// <summary>Another anchor has the index from now on. No name may be there.</summary>
    internal void Reset(int anchor) => _anchors[anchor] = new Standing();

    /// <summary>Its answer failed a check.</summary>
    internal void Refuse(int anchor, long now)
    {
        var standing = _anchors[anchor];
        var pause = Math.Min(options.DistrustMax, options.Distrust << Math.Min(standing.Refusals++, 8));
        Avoid(standing, now + pause);
    }

    /// <summary>It did not answer. One failure is counted once, however many names it concerns.</summary>
    internal void Fail(int anchor, long now)
    {
        var standing = _anchors[anchor];
        if (standing.AvoidUntil <= now)
        {
            Avoid(standing, now + Math.Min(options.BackoffMax, options.Backoff << Math.Min(standing.Failures++, 8)));
        }
    }

    /// <summary>It answered well.</summary>
    internal void Praise(int anchor, long now)
    {
        var standing = _anchors[anchor];
        standing.IsOnProbation = false;
        standing.Failures = 0;
        if (standing.AvoidUntil <= now)
        {
            standing.Refusals = 0;
        }
    }

    /// <summary>Whether another one is asked first.</summary>
    internal bool IsAvoided(int anchor, long now) => _anchors[anchor].AvoidUntil > now;

    /// <summary>The anchor to ask now, leaving out those in <paramref name="tried"/> (a bit set); null when all
    /// are.</summary>
    internal int? Next(ulong tried, long now)
    {
        int? best = null;
        for (var i = 0; i < _anchors.Count; i++)
        {
            if ((tried & (1UL << i)) != 0)
            {
                continue;
            }

            if (_anchors[i].AvoidUntil <= now)
            {
                return i;
            }

            if (best is not { } held || _anchors[i].AvoidUntil < _anchors[held].AvoidUntil)
            {
                best = i;
            }
        }

        return best;
    }

    /// <summary>When an anchor before <paramref name="anchor"/> in the order may be asked again; null for
    /// none.</summary>
    internal long? BetterFrom(int anchor)
    {
        long? from = null;
        for (var i = 0; i < anchor; i++)
        {
            from = Math.Min(from ?? long.MaxValue, _anchors[i].AvoidUntil);
        }

        return from;
    }

    /// <summary>
    /// Lets a name go to an anchor: freely to one that stands well, alone to one on probation.
    /// </summary>
    internal bool Admits(int anchor, NameEntry entry) =>
        !_anchors[anchor].IsOnProbation || _anchors[anchor].Names.All(other => other == entry || !other.IsAsking);

    /// <summary>The names whose subscription is at an anchor, ascending.</summary>
    internal List<NameEntry> NamesAt(int anchor) =>
        [.. _anchors[anchor].Names.OrderBy(entry => entry.Name, StringComparer.Ordinal)];

    /// <summary>The name's subscription is at this anchor from now on.</summary>
    internal void Attach(NameEntry entry, int anchor)
    {
        Detach(entry);
        entry.Anchor = anchor;
        _anchors[anchor].Names.Add(entry);
    }

    /// <summary>The name has no subscription.</summary>
    internal void Detach(NameEntry entry)
    {
        if (entry.Anchor >= 0)
        {
            _anchors[entry.Anchor].Names.Remove(entry);
            entry.Anchor = -1;
        }
    }

    private static void Avoid(Standing standing, long until)
    {
        standing.AvoidUntil = Math.Max(standing.AvoidUntil, until);
        standing.IsOnProbation = true;
    }

    private sealed class Standing
    {
        public long AvoidUntil { get; set; } = long.MinValue;

        public int Failures { get; set; }

        public int Refusals { get; set; }

        public bool IsOnProbation { get; set; }

        public HashSet<NameEntry> Names { get; } = [];
    }
}
