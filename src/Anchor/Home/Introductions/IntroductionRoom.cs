using Fairlead.Naming;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// Which introductions have room in their file, so that it can always be written. Where there is not enough for all,
/// each neighbour has what it needs, or as much as each other one that needs more: what is behind one of them takes
/// nothing from the others. Behind one, what is in the file already comes first, and what needs little. Stateless.
/// </summary>
internal static class IntroductionRoom
{
    // The tag and the length of a message in another one.
    private const int Frame = 6;

    /// <summary>Chooses them.</summary>
    /// <param name="all">The introductions.</param>
    /// <param name="chains">The chains of all of their transits.</param>
    /// <param name="isKept">Whether one is in the file already.</param>
    /// <param name="most">The bytes of the file.</param>
    internal static List<Draft> Choose(
        IReadOnlyCollection<Draft> all, IReadOnlyDictionary<Digest, KeptChain> chains, Func<SegmentName, bool> isKept,
        long most)
    {
        var sizes = chains.ToDictionary(one => one.Key, one => (long)one.Value.CalculateSize() + Frame);
        var groups = all.GroupBy(draft => draft.Neighbour)
            .Select(group => (
                Drafts: group.Select(draft => (Draft: draft, Bytes: (long)draft.Message.CalculateSize() + Frame))
                    .ToList(),
                Bytes: group.Sum(draft => (long)draft.Message.CalculateSize() + Frame)
                    + group.SelectMany(draft => draft.Transits).Distinct().Sum(transit => sizes[transit])))
            .OrderBy(group => group.Bytes).ToList();
        var chosen = new List<Draft>();
        for (var i = 0; i < groups.Count; i++)
        {
            var share = most / (groups.Count - i);
            most -= groups[i].Bytes <= share
                ? Take(groups[i].Drafts, sizes, share, chosen)
                : Take(
                    groups[i].Drafts.OrderByDescending(one => isKept(one.Draft.Target))
                        .ThenBy(one => one.Bytes + one.Draft.Transits.Sum(transit => sizes[transit]))
                        .ThenBy(one => one.Draft.Target),
                    sizes, share, chosen);
        }

        return chosen;
    }

    // A chain costs the first that needs it; where two neighbours do, both.
    private static long Take(
        IEnumerable<(Draft Draft, long Bytes)> drafts, Dictionary<Digest, long> sizes, long most, List<Draft> chosen)
    {
        var (taken, counted) = (0L, new HashSet<Digest>());
        foreach (var (draft, own) in drafts)
        {
            var bytes = own + draft.Transits.Except(counted).Sum(transit => sizes[transit]);
            if (taken + bytes <= most)
            {
                taken += bytes;
                counted.UnionWith(draft.Transits);
                chosen.Add(draft);
            }
        }

        return taken;
    }

    /// <summary>One introduction as it would be written.</summary>
    /// <param name="Target">The segment that it leads to.</param>
    /// <param name="Neighbour">The neighbour of the own segment that it is behind.</param>
    /// <param name="Transits">Those whose chains it needs.</param>
    /// <param name="Message">The introduction without them.</param>
    internal sealed record Draft(
        SegmentName Target, Digest Neighbour, IReadOnlyList<Digest> Transits, KeptIntroduction Message);
}
