using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The introducing hops of a home as a target or a later transit reads them (V48): outwards from itself. It trusts the
/// last hop since its own leaves or uplinks name it; each hop names the one before it, down to the home. So whoever is
/// named has its identity from segments that this one chose. Stateless.
/// </summary>
internal static class IntroducedHome
{
    /// <summary>Checks an introduction.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="home">Who is introduced.</param>
    /// <param name="target">The name of the segment to which it is on its way.</param>
    /// <param name="via">The hops, from the home's side on.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="cache">What was verified before.</param>
    /// <param name="held">The chains that were shown before.</param>
    /// <param name="isKnown">Whether it was introduced before, which misuse of a transit's keys does not undo.</param>
    /// <param name="floor">The epoch that the home's chain must contain, where the naming leaf says one.</param>
    /// <param name="until">When the introduction ends, in unix milliseconds.</param>
    /// <param name="last">The chain of the last segment before this one; null where it is refused.</param>
    /// <param name="evidence">What a hop may prove against its segment's keys (V38); null for nothing.</param>
    internal static Refusal? Check(
        SegmentView view,
        Digest home,
        SegmentName target,
        ImmutableArray<UnverifiedHop> via,
        long now,
        VerifiedCache cache,
        Func<Digest, SegmentState?> held,
        bool isKnown,
        out Floor? floor,
        out long until,
        out SegmentState? last,
        out Contradiction? evidence)
    {
        (floor, until, last, evidence) = (null, long.MaxValue, null, null);
        if (via.Length >= Limits.Hops)
        {
            return new Refusal(VerificationFailure.TooManyHops, "via", $"{via.Length} hops before this one");
        }

        if (view.FloorOf(via[^1].Genesis) is not { } named)
        {
            return new Refusal(
                VerificationFailure.LinkNotAccepted, "via", $"{via[^1].Genesis} is no neighbour of this segment");
        }

        floor = named;
        var next = view.Genesis;
        for (var i = via.Length - 1; i >= 0; i--)
        {
            var before = i == 0 ? home : via[i - 1].Genesis;
            if (before == view.Genesis || via.Take(i).Any(hop => hop.Genesis == via[i].Genesis))
            {
                return new Refusal(VerificationFailure.LoopDetected, $"via[{i}]", "a segment stands twice on the path");
            }

            var (introducer, refusal) = IntroductionCheck.Check(
                Asked(view, home, target, via[i], now) with
                {
                    Held = held(via[i].Genesis), IsIntroducedBefore = isKnown, IsNew = !isKnown, Floor = floor,
                    Next = next, Cache = cache,
                },
                out var found);
            evidence = found ?? evidence;
            if (introducer is null)
            {
                return refusal!.At($"via[{i}]");
            }

            if (!introducer.Accepts(before) || !introducer.Names(next))
            {
                return new Refusal(
                    VerificationFailure.LinkNotAccepted, $"via[{i}]", $"does not lead from {before} to {next}");
            }

            last ??= introducer.Segment;
            until = Math.Min(until, introducer.Until);
            floor = introducer.FloorOf(before);
            next = via[i].Genesis;
        }

        return null;
    }

    private static IntroductionHop Asked(
        SegmentView view, Digest home, SegmentName target, UnverifiedHop hop, long now) => new()
    {
        Own = view.Genesis,
        OwnName = view.Name,
        OwnEpoch = view.Epoch,
        Home = home,
        Target = target,
        Name = AnyOther(target),
        Hop = hop,
        Now = now,
    };

    // Seen from here a transit is known by what names it; what it is called on the home's path is the home's to check.
    private static SegmentName AnyOther(SegmentName target) => target.Parent ?? target.Child("transit")!;
}
