using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>One segment of an answer as it travels. Nothing here is checked.</summary>
/// <param name="Genesis">The segment.</param>
/// <param name="Kind">How the traversal came here.</param>
/// <param name="Epochs">Certified epochs that continue the chain the asker said it holds.</param>
/// <param name="Seal">The segment's seal; null in the last hop of a denied answer.</param>
/// <param name="Nodes">The node table of the proofs.</param>
/// <param name="Proofs">Proofs, ascending by (class, name).</param>
/// <param name="Attests">The decisions of the segment's anchors, ascending by kid.</param>
public sealed record UnverifiedHop(
    Digest Genesis,
    HopKind Kind,
    ImmutableArray<EpochDocument> Epochs,
    Envelope? Seal,
    ImmutableArray<Digest> Nodes,
    ImmutableArray<UnverifiedLeafProof> Proofs,
    ImmutableArray<Envelope> Attests);
