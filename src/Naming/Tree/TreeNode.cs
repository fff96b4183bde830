namespace Fairlead.Naming.Tree;

/// <summary>A non-empty subtree. Immutable: trees share the nodes that a change did not touch.</summary>
internal abstract class TreeNode
{
    private protected TreeNode(Digest hash) => Hash = hash;

    internal Digest Hash { get; }
}

/// <summary>A subtree of one leaf, at whatever depth it became alone.</summary>
internal sealed class LeafNode : TreeNode
{
    internal LeafNode(Digest key, Digest commitment)
        : base(TreeHash.Leaf(key, commitment))
    {
        Key = key;
        Commitment = commitment;
    }

    internal Digest Key { get; }

    internal Digest Commitment { get; }
}

/// <summary>A subtree of two or more leaves; one half may be empty.</summary>
internal sealed class InnerNode : TreeNode
{
    internal InnerNode(TreeNode? left, TreeNode? right)
        : base(TreeHash.Node(left?.Hash ?? TreeHash.Empty, right?.Hash ?? TreeHash.Empty))
    {
        Left = left;
        Right = right;
    }

    internal TreeNode? Left { get; }

    internal TreeNode? Right { get; }

    internal TreeNode? Child(bool bit) => bit ? Right : Left;
}
