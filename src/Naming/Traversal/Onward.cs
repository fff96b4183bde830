using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Where a traversal goes from one segment (4.9): to the child under whose name the target lies, to the Peer with the
/// longest name that equals the target's or is above it, or up. Anchors choose by it and verifiers hold them to it.
/// Immutable, thread-safe.
/// </summary>
/// <param name="Kind">Up, peer or down.</param>
/// <param name="Name">The next segment's name on this path.</param>
/// <param name="Genesis">Its identity.</param>
/// <param name="Floor">The epoch that its chain must contain (V30).</param>
/// <param name="Endpoints">Where its anchors were when the leaf or the uplink was made.</param>
public sealed record Onward(
    HopKind Kind, SegmentName Name, Digest Genesis, Floor Floor, ImmutableArray<IpEndpoint> Endpoints)
{
    /// <summary>The longest life of answers by this leaf's terms, in milliseconds; null for no bound.</summary>
    public long? MaxTtl { get; init; }

    /// <summary>The next step, or null where the traversal ends: it has arrived, or there is no way.</summary>
    /// <param name="own">The segment's name on this path.</param>
    /// <param name="epoch">Its newest epoch.</param>
    /// <param name="target">The name of the segment that is looked for.</param>
    /// <param name="mayLeave">
    /// Whether the path may still go up or to a peer: only from the home and from segments above it (V32).
    /// </param>
    /// <param name="peer">The Peer leaf of a name, or null.</param>
    /// <param name="link">The Link leaf at a label, or null.</param>
    public static Onward? Of(
        SegmentName own,
        Epoch epoch,
        SegmentName target,
        bool mayLeave,
        Func<string, Peer?> peer,
        Func<string, Link?> link)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(link);
        if (target.IsAtOrUnder(own))
        {
            return Down(own, target, link);
        }

        if (!mayLeave)
        {
            return null;
        }

        foreach (var suffix in target.Suffixes)
        {
            if (peer(suffix.Text) is { } found)
            {
                return new Onward(HopKind.Peer, suffix, found.Genesis, found.Floor, found.Endpoints)
                {
                    MaxTtl = found.Terms?.MaxTtl,
                };
            }
        }

        return Up(own, epoch);
    }

    /// <summary>The label under a segment on the way down to a name under it; null where it is not under it.</summary>
    /// <param name="own">The segment.</param>
    /// <param name="target">The name that is looked for.</param>
    public static string? LabelTowards(SegmentName own, SegmentName target)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(target);
        return target.IsAtOrUnder(own) ? PathRules.ChildTowards(own, target)?.Label : null;
    }

    // A child is reached under the label that its uplink names: a Link that stands at another one names nobody.
    private static Onward? Down(SegmentName own, SegmentName target, Func<string, Link?> link) =>
        PathRules.ChildTowards(own, target) is { } child && link(child.Label) is { } found && found.Label == child.Label
            ? new Onward(HopKind.Down, child, found.Genesis, found.Floor, found.Endpoints)
            {
                MaxTtl = found.Terms?.MaxTtl,
            }
            : null;

    private static Onward? Up(SegmentName own, Epoch epoch)
    {
        foreach (var uplink in epoch.Uplinks)
        {
            if (uplink.Label == own.Label && own.Parent is { } parent)
            {
                return new Onward(HopKind.Up, parent, uplink.Parent, uplink.Floor, uplink.Endpoints);
            }
        }

        return null;
    }
}
