using System.Collections.Immutable;
using Fairlead.Naming.Tree;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Collects the proofs of one hop: leaves that are there are shown, leaves that are not are proven absent, all under
/// the view's one seal and over one node table (V21, V22, V25). Not thread-safe.
/// </summary>
internal sealed class HopBuilder(SegmentView view)
{
    private readonly SortedSet<LeafName> _names = [];

    /// <summary>The leaves asked for so far, present and absent: what a subscription watches.</summary>
    internal IEnumerable<LeafName> Names => _names;

    /// <summary>Proves a leaf present or absent.</summary>
    internal HopBuilder Prove(LeafClass kind, string name)
    {
        _names.Add(new LeafName(kind, name));
        return this;
    }

    /// <summary>Shows the Link to the child from which a path comes up (V28); nothing where there is no such child: the
    /// path is not one, and an absence would only show a neighbour in the tree.</summary>
    internal HopBuilder ProveBack(string? child) =>
        child is { } label && view.Find(new LeafName(LeafClass.Link, label)) is not null
            ? Prove(LeafClass.Link, label)
            : this;

    /// <summary>
    /// Proves where a path goes on, or that it goes nowhere: downwards by the Link at the label; to a Peer by its leaf
    /// and the absence of each with a longer name; upwards, and where there is no way, by the absence of all (V24,
    /// V32).
    /// </summary>
    internal HopBuilder ProveWay(SegmentName target, Onward? onward)
    {
        if (Onward.LabelTowards(view.Name, target) is { } label)
        {
            return Prove(LeafClass.Link, label);
        }

        foreach (var suffix in target.Suffixes)
        {
            Prove(LeafClass.Peer, suffix.Text);
            if (onward is { Kind: HopKind.Peer } && suffix == onward.Name)
            {
                break;
            }
        }

        return this;
    }

    /// <summary>The hop.</summary>
    /// <param name="kind">How the traversal comes here.</param>
    /// <param name="knownEpoch">The newest epoch that the asker holds; null for none.</param>
    /// <param name="attests">The decisions of this segment's anchors.</param>
    internal UnverifiedHop Build(HopKind kind, long? knownEpoch, IReadOnlyList<Envelope> attests)
    {
        var nodes = new ProofNodes();
        var proofs = ImmutableArray.CreateBuilder<UnverifiedLeafProof>(_names.Count);
        foreach (var name in _names)
        {
            var key = Hashes.TreeKey(view.Genesis, view.Epoch.Value.Salt, name.Class, name.Name);
            var proof = view.Tree.Prove(key, nodes);
            var leaf = proof.End == ProofEnd.Leaf ? view.Find(name) ?? default : default;
            var signatures = view.Entry(name) is { IsWitness: false } entry ? entry.Source.Document.Signatures : [];
            proofs.Add(new UnverifiedLeafProof((uint)name.Class, name.Name, proof, leaf, signatures));
        }

        return new UnverifiedHop(
            view.Genesis, kind, EpochsAfter(view, knownEpoch), view.Certified.Certificate, [.. nodes.Nodes],
            proofs.ToImmutable(), [.. attests]);
    }

    /// <summary>A hop that shows nothing but a denial.</summary>
    internal static UnverifiedHop Denial(SegmentView view, HopKind kind, long? knownEpoch, Envelope attest) =>
        new(view.Genesis, kind, EpochsAfter(view, knownEpoch), null, [], [], [attest]);

    /// <summary>The epochs that continue what the asker holds.</summary>
    internal static ImmutableArray<EpochDocument> EpochsAfter(SegmentView view, long? knownEpoch) =>
        knownEpoch is { } known
            ? view.Epochs.Skip((int)Math.Min(known + 1, view.Epochs.Length)).ToImmutableArray()
            : view.Epochs;
}
