namespace Fairlead.Naming;

/// <summary>
/// Operations that take a segment in (join, peer) take none away (4.4): a Link, Peer or uplink that stands keeps naming
/// its segment, and only its floor, endpoints and terms change. Whatever else could be done by them would pass by the
/// hold-down of V49, and by the operators where the policy lists them in <c>auto</c>. Stateless, thread-safe.
/// </summary>
internal static class StandingRules
{
    /// <summary>The members of the epoch: uplinks of a join, peers of a peer.</summary>
    /// <returns><c>LinkRepointed</c>, <c>OpMismatch</c>, or null.</returns>
    internal static Refusal? Check(Epoch previous, Epoch next)
    {
        if (next.Op.Type == OpType.Peer && previous.Peers.FirstOrDefault(p => !next.Peers.Contains(p)) is var gone
            && gone != default)
        {
            return Bad(next, $"drop the peer {gone}");
        }

        foreach (var held in next.Op.Type == OpType.Join ? previous.Uplinks : [])
        {
            var uplink = next.Uplinks.FirstOrDefault(one => one.Label == held.Label);
            if (uplink?.Parent != held.Parent)
            {
                return uplink is null ? Bad(next, $"drop the uplink {held.Label}") : Repointed(held.Parent);
            }
        }

        return null;
    }

    /// <summary>One leaf that is written or removed.</summary>
    /// <returns><c>LinkRepointed</c>, <c>CrossSegmentWrite</c>, <c>OpMismatch</c>, or null.</returns>
    internal static Refusal? Check(Epoch epoch, LeafDocument? old, LeafDocument? now, OperationLeaves after)
    {
        if (epoch.Op.Type is not (OpType.Join or OpType.Peer))
        {
            return null;
        }

        return (old, now) switch
        {
            (_, null) => Bad(epoch, "remove"),
            (Link one, Link two) when one.Genesis != two.Genesis => Repointed(one.Genesis),
            (Peer one, Peer two) when one.Genesis != two.Genesis => Repointed(one.Genesis),
            (Link one, Link two) when !IsSame(one, two with
            {
                Endpoints = one.Endpoints, Floor = one.Floor, Made = one.Made, Opening = one.Opening, Terms = one.Terms,
            }) => Bad(epoch, "change"),
            (_, Scope scope) when !after.Leaves.Any(leaf =>
                leaf.Key.Class == LeafClass.Peer && leaf.Value.Document is Peer peer && peer.Genesis == scope.Segment)
                => new Refusal(VerificationFailure.CrossSegmentWrite, "", $"{scope.Segment} is no peer"),
            _ => null,
        };
    }

    private static bool IsSame(Link left, Link right) => left.Encode().AsSpan().SequenceEqual(right.Encode());

    private static Refusal Repointed(Digest held) =>
        new(VerificationFailure.LinkRepointed, "", $"names {held}, and nothing else until that left");

    private static Refusal Bad(Epoch epoch, string what) =>
        new(VerificationFailure.OpMismatch, "epoch.op", $"{epoch.Op.Type} may not {what}");
}
