namespace Fairlead.Naming.Tree;

/// <summary>
/// The compact sparse Merkle tree over a segment's leaves: an immutable map from 32-byte keys to 32-byte commitments
/// whose root depends on nothing but its contents. A change copies one path (about log2 n nodes) and shares the rest,
/// so an older tree stays readable while a newer one is built. Thread-safe.
/// </summary>
public sealed class SparseTree
{
    private readonly TreeNode? _top;

    private SparseTree(TreeNode? top, int count)
    {
        _top = top;
        Count = count;
    }

    /// <summary>The tree without leaves; its root is 32 zero bytes.</summary>
    public static SparseTree Empty { get; } = new(null, 0);

    /// <summary>How many leaves the tree holds.</summary>
    public int Count { get; }

    /// <summary>The hash that a seal signs.</summary>
    public Digest Root => _top?.Hash ?? TreeHash.Empty;

    /// <summary>
    /// A tree of many leaves at once; hashes each node once, where as many Puts would hash each path.
    /// </summary>
    /// <param name="leaves">Keys and commitments in any order.</param>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public static SparseTree From(IEnumerable<KeyValuePair<Digest, Digest>> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        var sorted = leaves.ToArray();
        Array.Sort(sorted, static (a, b) => a.Key.CompareTo(b.Key));
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Key == sorted[i - 1].Key)
            {
                throw new ArgumentException("a key occurs twice", nameof(leaves));
            }
        }

        return new SparseTree(Build(sorted, 0), sorted.Length);
    }

    /// <summary>The commitment under a key.</summary>
    /// <param name="key">The blinded key.</param>
    /// <param name="commitment">The commitment, or 32 zero bytes where the key is absent.</param>
    public bool TryGet(in Digest key, out Digest commitment)
    {
        Span<byte> bits = stackalloc byte[Digest.Size];
        key.CopyTo(bits);
        var node = _top;
        for (var depth = 0; node is InnerNode inner; depth++)
        {
            node = inner.Child(TreeHash.Bit(bits, depth));
        }

        var found = node is LeafNode leaf && leaf.Key == key;
        commitment = found ? ((LeafNode)node!).Commitment : default;
        return found;
    }

    /// <summary>The tree with this leaf added or its commitment replaced.</summary>
    /// <param name="key">The blinded key.</param>
    /// <param name="commitment">The digest of the leaf's document.</param>
    public SparseTree Put(in Digest key, in Digest commitment)
    {
        Span<byte> bits = stackalloc byte[Digest.Size];
        key.CopyTo(bits);
        var added = true;
        var top = Put(_top, new LeafNode(key, commitment), bits, 0, ref added);
        return ReferenceEquals(top, _top) ? this : new SparseTree(top, added ? Count + 1 : Count);
    }

    /// <summary>The tree without this key; the same tree where the key is absent.</summary>
    /// <param name="key">The blinded key.</param>
    public SparseTree Remove(in Digest key)
    {
        Span<byte> bits = stackalloc byte[Digest.Size];
        key.CopyTo(bits);
        var top = Remove(_top, key, bits, 0);
        return ReferenceEquals(top, _top) ? this : new SparseTree(top, Count - 1);
    }

    /// <summary>A proof that the key is present (end LEAF) or absent (end EMPTY or OTHER).</summary>
    /// <param name="key">The blinded key.</param>
    /// <param name="nodes">The table of the hop the proof will travel in.</param>
    public TreeProof Prove(in Digest key, ProofNodes nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        Span<byte> bits = stackalloc byte[Digest.Size];
        key.CopyTo(bits);
        Span<byte> mask = stackalloc byte[Digest.Size];
        mask.Clear();
        var siblings = new List<uint>();
        var node = _top;
        var depth = 0;
        for (; node is InnerNode inner; depth++)
        {
            var bit = TreeHash.Bit(bits, depth);
            if (inner.Child(!bit) is { } sibling)
            {
                siblings.Add(nodes.Add(sibling.Hash));
            }
            else
            {
                mask[depth >> 3] |= (byte)(0x80 >> (depth & 7));
            }

            node = inner.Child(bit);
        }

        var packed = mask[..((depth + 7) / 8)].ToArray();
        return node is not LeafNode leaf
            ? new TreeProof((uint)depth, packed, siblings.ToArray(), ProofEnd.Empty)
            : leaf.Key == key
                ? new TreeProof((uint)depth, packed, siblings.ToArray(), ProofEnd.Leaf)
                : new TreeProof((uint)depth, packed, siblings.ToArray(), ProofEnd.Other, leaf.Key, leaf.Commitment);
    }

    private static TreeNode? Build(ReadOnlySpan<KeyValuePair<Digest, Digest>> sorted, int depth)
    {
        if (sorted.Length <= 1)
        {
            return sorted.IsEmpty ? null : new LeafNode(sorted[0].Key, sorted[0].Value);
        }

        var split = FirstOne(sorted, depth);
        return new InnerNode(Build(sorted[..split], depth + 1), Build(sorted[split..], depth + 1));
    }

    /// <summary>
    /// Where the keys with a 1 at this depth begin; above it all keys are equal, so they are sorted by it.
    /// </summary>
    private static int FirstOne(ReadOnlySpan<KeyValuePair<Digest, Digest>> sorted, int depth)
    {
        Span<byte> bits = stackalloc byte[Digest.Size];
        var low = 0;
        var high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            sorted[middle].Key.CopyTo(bits);
            if (TreeHash.Bit(bits, depth))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private static TreeNode Put(TreeNode? at, LeafNode leaf, ReadOnlySpan<byte> bits, int depth, ref bool added)
    {
        if (at is null)
        {
            return leaf;
        }

        if (at is InnerNode inner)
        {
            var bit = TreeHash.Bit(bits, depth);
            var child = inner.Child(bit);
            var changed = Put(child, leaf, bits, depth + 1, ref added);
            return ReferenceEquals(changed, child) ? at : With(inner, bit, changed);
        }

        var present = (LeafNode)at;
        if (present.Key == leaf.Key)
        {
            added = false;
            return present.Commitment == leaf.Commitment ? at : leaf;
        }

        Span<byte> others = stackalloc byte[Digest.Size];
        present.Key.CopyTo(others);
        return Join(present, others, leaf, bits, depth);
    }

    /// <summary>The smallest subtree at this depth that holds two leaves with different keys.</summary>
    private static InnerNode Join(
        LeafNode one, ReadOnlySpan<byte> oneBits, LeafNode two, ReadOnlySpan<byte> twoBits, int depth)
    {
        var fork = depth;
        while (TreeHash.Bit(oneBits, fork) == TreeHash.Bit(twoBits, fork))
        {
            fork++;
        }

        var node = TreeHash.Bit(oneBits, fork) ? new InnerNode(two, one) : new InnerNode(one, two);
        while (fork > depth)
        {
            fork--;
            node = TreeHash.Bit(oneBits, fork) ? new InnerNode(null, node) : new InnerNode(node, null);
        }

        return node;
    }

    private static TreeNode? Remove(TreeNode? at, in Digest key, ReadOnlySpan<byte> bits, int depth)
    {
        if (at is not InnerNode inner)
        {
            return at is LeafNode leaf && leaf.Key == key ? null : at;
        }

        var bit = TreeHash.Bit(bits, depth);
        var child = inner.Child(bit);
        var changed = Remove(child, key, bits, depth + 1);
        if (ReferenceEquals(changed, child))
        {
            return at;
        }

        // A leaf that is left alone moves up: the form of a subtree follows from its contents only.
        var other = inner.Child(!bit);
        return changed is null && other is LeafNode or null ? other
            : other is null && changed is LeafNode ? changed
            : With(inner, bit, changed);
    }

    private static InnerNode With(InnerNode inner, bool bit, TreeNode? child) =>
        bit ? new InnerNode(inner.Left, child) : new InnerNode(child, inner.Right);
}
