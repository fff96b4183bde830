using System.Collections.Immutable;
using Fairlead.Naming.Tree;

namespace Fairlead.Naming.Traversal;

/// <summary>The presence or absence of one leaf as it travels. Nothing here is checked.</summary>
/// <param name="Class">The leaf's class.</param>
/// <param name="Name">The name hashed for that class.</param>
/// <param name="Proof">The path; its siblings index the hop's node table.</param>
/// <param name="Leaf">The leaf's document where the path ends at it; empty for an absence.</param>
/// <param name="Signatures">The publisher's signatures; read by anchors and audits, not by a verifier (V6).</param>
public sealed record UnverifiedLeafProof(
    uint Class,
    string Name,
    TreeProof Proof,
    ReadOnlyMemory<byte> Leaf,
    ImmutableArray<SignatureEntry> Signatures);
