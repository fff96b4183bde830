using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// Under which digest an operation waits today that an epoch overtook: whoever saw the older one, and approves it a
/// moment later, means the same change. Not thread-safe.
/// </summary>
internal sealed class Overtaken
{
    private Dictionary<Digest, Digest> _today = [];

    internal Digest Today(Digest digest) => _today.GetValueOrDefault(digest, digest);

    /// <summary>A further epoch: what waited before it, and under what it waits now. What does not wait any more is
    /// forgotten.</summary>
    internal void Move(IReadOnlyList<(Digest Old, Digest New)> rebased)
    {
        var next = rebased.ToDictionary(one => one.Old, one => one.New);
        foreach (var (first, last) in _today)
        {
            if (next.Count < EpochLimits.DigestsPerMessage && next.TryGetValue(last, out var today))
            {
                next.TryAdd(first, today);
            }
        }

        _today = next;
    }
}
