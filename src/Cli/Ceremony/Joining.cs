using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>
/// Puts one segment under another (4.10): the child's uplink, in its genesis or by op join, and the parent's Links, by
/// op join, at most 64 to an epoch. Pure but for the signers.
/// </summary>
internal static class Joining
{
    /// <summary>Links children: as many epochs as their number needs.</summary>
    /// <param name="parent">The parent; no anchor has sealed its newest epoch yet.</param>
    /// <param name="children">The children, each named one label below the parent.</param>
    /// <param name="gov">The parent's gov keys held, at least T.</param>
    /// <param name="seal">The parent's seal keys held, at least T.</param>
    /// <param name="now">The moment, in unix milliseconds.</param>
    /// <param name="draw">Draws 16 random bytes: the openings.</param>
    /// <exception cref="CeremonyException">A child cannot be linked, or keys are missing.</exception>
    internal static SegmentFile Link(
        SegmentFile parent,
        IReadOnlyCollection<PeerFile> children,
        IReadOnlyCollection<ISigner> gov,
        IReadOnlyCollection<ISigner> seal,
        long now,
        Func<Hex16> draw)
    {
        foreach (var batch in children.Chunk(Limits.LinksPerEpoch))
        {
            var ground = NextEpoch.Ground(parent, now);
            var joining = batch.Select(child => ChildOf(parent.Name, child)).ToList();
            var proposal = JoinOperation.BuildParent(
                ground, joining, NextEpoch.IssuedAfter(ground, now), draw, out var refusal);
            parent = NextEpoch.Add(parent, proposal, refusal, gov, seal, now);
        }

        return parent;
    }

    /// <summary>Accepts a parent: the uplink in the child's next epoch.</summary>
    /// <param name="child">The child; no anchor has sealed its newest epoch yet.</param>
    /// <param name="parent">The parent.</param>
    /// <param name="gov">The child's gov keys held, at least T.</param>
    /// <param name="seal">The child's seal keys held, at least T.</param>
    /// <param name="now">The moment, in unix milliseconds.</param>
    /// <exception cref="CeremonyException">The parent cannot be one, or keys are missing.</exception>
    internal static SegmentFile Accept(
        SegmentFile child,
        PeerFile parent,
        IReadOnlyCollection<ISigner> gov,
        IReadOnlyCollection<ISigner> seal,
        long now)
    {
        var ground = NextEpoch.Ground(child, now);
        var proposal = JoinOperation.BuildChild(
            ground, UplinkOf(child.Name, parent), NextEpoch.IssuedAfter(ground, now), out var refusal);
        return NextEpoch.Add(child, proposal, refusal, gov, seal, now);
    }

    /// <summary>The uplink of a segment to its parent.</summary>
    /// <exception cref="CeremonyException">The parent's name is not the segment's without its first label.</exception>
    internal static Uplink UplinkOf(SegmentName child, PeerFile parent) => child.Parent == parent.Name
        ? new Uplink
        {
            Endpoints = parent.Endpoints,
            Floor = parent.Floor,
            Label = child.Label,
            Parent = parent.Genesis,
        }
        : throw new CeremonyException($"NameConflict: {parent.Name} is not the parent of {child}");

    private static JoiningChild ChildOf(SegmentName parent, PeerFile child) => child.Name.Parent == parent
        ? new JoiningChild(child.Name.Label, child.Genesis, child.Floor, child.Endpoints, null)
        : throw new CeremonyException($"NameConflict: {child.Name} is no child of {parent}");
}
