using Fairlead.Naming.Tree;

namespace Fairlead.Naming.Traversal;

/// <summary>A leaf's proof with its document parsed; no document where it claims an absence.</summary>
internal sealed record HopLeaf(LeafName Name, TreeProof Proof, LeafDocument? Document, Digest Commitment);
