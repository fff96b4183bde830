using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Where a verified hop says the traversal goes next (V28's near half, V32): the oracle that the next hop must follow.
/// Pure.
/// </summary>
internal static class PathRules
{
    /// <summary>
    /// The next segment as this hop names it, null where it names none; beside it the error, also where it names
    /// another.
    /// </summary>
    /// <param name="hop">The hop, its proofs verified.</param>
    /// <param name="target">The segment of the query; null for a name under <c>clusterset.local</c>.</param>
    /// <param name="service">The service part of the query.</param>
    /// <param name="kind">How the answer goes on.</param>
    /// <param name="genesis">Where the answer goes on.</param>
    internal static (NextHop? Next, Refusal? Refusal) Next(
        HopFacts hop, SegmentName? target, ServicePart service, HopKind kind, Digest genesis)
    {
        if (target is null)
        {
            return Fail(PathBroken, "a name under clusterset.local is the home's own");
        }

        return kind switch
        {
            HopKind.Up => Up(hop, target, genesis),
            HopKind.Peer => Peer(hop, target, genesis),
            HopKind.Down when hop.Name == target => Split(hop, service, genesis),
            HopKind.Down => Down(hop, target, genesis),
            _ => Fail(PathBroken, "no kind that leads on"),
        };
    }

    /// <summary>The same between segments, where no service is asked for: a transit's way to a segment that is not its
    /// own.</summary>
    internal static (NextHop? Next, Refusal? Refusal) Next(
        HopFacts hop, SegmentName target, HopKind kind, Digest genesis) => kind switch
    {
        HopKind.Up => Up(hop, target, genesis),
        HopKind.Peer => Peer(hop, target, genesis),
        _ => Down(hop, target, genesis),
    };

    private static (NextHop? Next, Refusal? Refusal) Up(HopFacts hop, SegmentName target, Digest genesis)
    {
        if (target.IsAtOrUnder(hop.Name) || hop.Name.Parent is not { } parent)
        {
            return Fail(PathBroken, $"{target} is not above {hop.Name}");
        }

        foreach (var uplink in hop.Newest.Uplinks)
        {
            if (uplink.Label == hop.Name.Label)
            {
                var next = new NextHop(parent, uplink.Parent, uplink.Floor, null);
                return uplink.Parent == genesis && PeersAbsent(hop, target, null) is { } refusal
                    ? (next, refusal)
                    : Go(next, genesis);
            }
        }

        return Fail(LinkNotAccepted, $"the epoch has no uplink with the label {hop.Name.Label}");
    }

    private static (NextHop? Next, Refusal? Refusal) Peer(HopFacts hop, SegmentName target, Digest genesis)
    {
        if (target.IsAtOrUnder(hop.Name))
        {
            return Fail(PathBroken, $"{target} is at or under {hop.Name}");
        }

        NextHop? shown = null;
        foreach (var name in target.Suffixes)
        {
            if (hop.Included<Peer>(LeafClass.Peer, name.Text) is not { } peer)
            {
                continue;
            }

            shown ??= new NextHop(name, peer.Genesis, peer.Floor, peer.Terms?.MaxTtl);
            if (peer.Genesis == genesis)
            {
                var next = new NextHop(name, peer.Genesis, peer.Floor, peer.Terms?.MaxTtl);
                return (next, PeersAbsent(hop, target, name));
            }
        }

        return shown is null
            ? Fail(LinkNotAccepted, $"no Peer on the way to {target} is proven")
            : Go(shown, genesis);
    }

    private static (NextHop? Next, Refusal? Refusal) Down(HopFacts hop, SegmentName target, Digest genesis)
    {
        if (!target.IsAtOrUnder(hop.Name) || ChildTowards(hop.Name, target) is not { } child)
        {
            return Fail(PathBroken, $"{target} is not under {hop.Name}");
        }

        // A child is reached under the label that its uplink names: a Link that stands at another one names nobody.
        return hop.Included<Link>(LeafClass.Link, child.Label) is { } link && link.Label == child.Label
            ? Go(new NextHop(child, link.Genesis, link.Floor, link.Terms?.MaxTtl) { Label = link.Label }, genesis)
            : Fail(LinkNotAccepted, $"no Link at {child.Label} is proven");
    }

    // A split's child serves the same names: it stands on the path under the name of the segment that was split.
    private static (NextHop? Next, Refusal? Refusal) Split(HopFacts hop, ServicePart service, Digest genesis)
    {
        foreach (var at in service.WithoutHost.LinkPoints)
        {
            if (hop.Included<Link>(LeafClass.Link, at) is { } link)
            {
                return Go(new NextHop(
                    hop.Name, link.Genesis, link.Floor, link.Terms?.MaxTtl) { Label = link.Label }, genesis);
            }
        }

        return Fail(LinkNotAccepted, $"no Link at a suffix of {service} is proven");
    }

    /// <summary>The child of <paramref name="name"/> on the way down to a segment under it; null if it is not under
    /// it.</summary>
    internal static SegmentName? ChildTowards(SegmentName name, SegmentName target)
    {
        SegmentName? child = null;
        for (var at = target; at is not null && at != name; at = at.Parent)
        {
            child = at;
        }

        return child;
    }

    private static Refusal? PeersAbsent(HopFacts hop, SegmentName target, SegmentName? chosen)
    {
        foreach (var name in target.Suffixes)
        {
            if (name == chosen)
            {
                return null;
            }

            if (!hop.IsAbsent(LeafClass.Peer, name.Text))
            {
                return new Refusal(PathNotPreferred, "", $"no proof that there is no Peer {name}");
            }
        }

        return null;
    }

    private static (NextHop? Next, Refusal? Refusal) Go(NextHop next, Digest genesis) =>
        (next, next.Genesis == genesis ? null : new Refusal(PathBroken, "", $"the hop names {next.Genesis}"));

    private static (NextHop? Next, Refusal? Refusal) Fail(VerificationFailure failure, string detail) =>
        (null, new Refusal(failure, "", detail));
}
