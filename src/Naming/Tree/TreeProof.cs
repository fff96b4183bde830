namespace Fairlead.Naming.Tree;

/// <summary>What a path through the tree ends at.</summary>
public enum ProofEnd
{
    /// <summary>Not a proof.</summary>
    None = 0,

    /// <summary>The leaf asked for.</summary>
    Leaf = 1,

    /// <summary>A subtree without leaves.</summary>
    Empty = 2,

    /// <summary>A leaf with another key, alone in the subtree where the key asked for would lie.</summary>
    Other = 3,
}

/// <summary>
/// One path in a segment's tree, as it travels: its siblings are indexes into the node table shared by all proofs of
/// a hop. Nothing here is checked; <see cref="ProofRules"/> does that.
/// </summary>
/// <param name="Depth">Levels between the root (0) and the end, at most 256.</param>
/// <param name="Mask">A bit per level, most significant first, 1 where the sibling is empty; spare bits 0.</param>
/// <param name="Siblings">The other siblings, root downwards, as indexes into the node table.</param>
/// <param name="End">What the path ends at.</param>
/// <param name="OtherKey">The key of the other leaf; present exactly at <see cref="ProofEnd.Other"/>.</param>
/// <param name="OtherCommitment">The other leaf's commitment; present exactly at <see cref="ProofEnd.Other"/>.</param>
public readonly record struct TreeProof(
    uint Depth,
    ReadOnlyMemory<byte> Mask,
    ReadOnlyMemory<uint> Siblings,
    ProofEnd End,
    Digest? OtherKey = null,
    Digest? OtherCommitment = null);
