using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Tests;

/// <summary>What all anchors agree on, by the rules of V45 that concern a publisher.</summary>
internal sealed class FakeAnchors(int count)
{
    private readonly Dictionary<string, KnownLeaf> _leaves = new(StringComparer.Ordinal);

    public int Count => count;

    public IReadOnlyCollection<KnownLeaf> Leaves => _leaves.Values;

    public Dictionary<string, HashSet<Hex16>> UidsPerName { get; } = new(StringComparer.Ordinal);

    public (AnchorFate Fate, string? Refusal) Offer(Plan plan)
    {
        if (_leaves.TryGetValue(plan.Name, out var held) && held != plan.Leaf)
        {
            if (plan.Version <= held.Version || plan.Expires < held.Expires)
            {
                return (AnchorFate.Refused, $"RecordRollback: {plan.Version} after {held.Version}");
            }

            if (plan.Uid != held.Uid)
            {
                return (AnchorFate.Refused, "UidChanged: another uid");
            }
        }

        _leaves[plan.Name] = plan.Leaf;
        if (!UidsPerName.TryGetValue(plan.Name, out var uids))
        {
            UidsPerName.Add(plan.Name, uids = []);
        }

        uids.Add(plan.Uid);
        return (AnchorFate.Sealed, null);
    }
}
