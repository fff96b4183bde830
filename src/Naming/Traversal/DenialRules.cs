using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// V24: what a negative must prove, so that nobody hides a name by proving the absence of something else. Pure.
/// </summary>
internal static class DenialRules
{
    /// <summary>The proof that is missing, or null.</summary>
    /// <param name="hop">The last hop, its proofs verified.</param>
    /// <param name="query">The query.</param>
    internal static Refusal? Check(HopFacts hop, Query query)
    {
        var name = query.Name;
        if (name.Segment is not { } target)
        {
            return Absent(hop, LeafClass.Set, name.Service!.WithoutHost.Text);
        }

        if (hop.Name == target)
        {
            return OfService(hop, name.Service!);
        }

        return CheckTransit(hop, target);
    }

    /// <summary>The same for a hop that is not the target: no child on the way down, or no way out.</summary>
    /// <param name="hop">The last hop, its proofs verified.</param>
    /// <param name="target">The segment of the query.</param>
    internal static Refusal? CheckTransit(HopFacts hop, SegmentName target) => target.IsAtOrUnder(hop.Name)
        ? Absent(hop, LeafClass.Link, PathRules.ChildTowards(hop.Name, target)!.Label)
        : NoWayOut(hop, target);

    /// <summary>Whether a negative rests on the presence of the service's record: its slices then deny the
    /// host.</summary>
    internal static bool IsOfHostOnly(HopFacts hop, Query query) =>
        query.Name is { Service: { Host: not null } service, Segment: { } target }
        && hop.Name == target
        && hop.Included<Record>(LeafClass.Record, service.WithoutHost.Text) is not null;

    private static Refusal? OfService(HopFacts hop, ServicePart name)
    {
        var service = name.WithoutHost;
        if (name.Host is not null && hop.Included<Record>(LeafClass.Record, service.Text) is not null)
        {
            return null;
        }

        if (Absent(hop, LeafClass.Record, service.Text) is { } record)
        {
            return record;
        }

        var moved = hop.Included<Redirect>(LeafClass.Redirect, service.Text);
        if (moved is null
            ? Absent(hop, LeafClass.Redirect, service.Text) is { } redirect
            : IsMoved(moved, out redirect))
        {
            return redirect;
        }

        foreach (var at in service.LinkPoints)
        {
            if (Absent(hop, LeafClass.Link, at) is { } link)
            {
                return link;
            }
        }

        return null;
    }

    private static bool IsMoved(Redirect redirect, out Refusal? refusal)
    {
        refusal = redirect.State == RedirectState.Moved ? Incomplete($"the name moved to {redirect.Target}") : null;
        return refusal is not null;
    }

    private static Refusal? NoWayOut(HopFacts hop, SegmentName target)
    {
        foreach (var name in target.Suffixes)
        {
            if (Absent(hop, LeafClass.Peer, name.Text) is { } refusal)
            {
                return refusal;
            }
        }

        foreach (var uplink in hop.Newest.Uplinks)
        {
            if (uplink.Label == hop.Name.Label)
            {
                return Incomplete($"the epoch has an uplink with the label {uplink.Label}");
            }
        }

        return null;
    }

    private static Refusal? Absent(HopFacts hop, LeafClass kind, string name) =>
        hop.IsAbsent(kind, name) ? null : Incomplete($"no proof that there is no {kind} {name}");

    private static Refusal Incomplete(string detail) => new(IncompleteDenial, "", detail);
}
