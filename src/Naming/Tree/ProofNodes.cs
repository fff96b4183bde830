namespace Fairlead.Naming.Tree;

/// <summary>
/// Collects the node table that the proofs of one hop share: each hash once, in the order of first use. Not
/// thread-safe.
/// </summary>
public sealed class ProofNodes
{
    private readonly List<Digest> _nodes = [];
    private readonly Dictionary<Digest, uint> _index = [];

    /// <summary>The table: 32-byte entries, every one used by a proof made with it.</summary>
    public IReadOnlyList<Digest> Nodes => _nodes;

    /// <summary>The index of a hash, added if it is new.</summary>
    /// <param name="hash">The hash of a non-empty subtree.</param>
    public uint Add(in Digest hash)
    {
        if (!_index.TryGetValue(hash, out var index))
        {
            index = (uint)_nodes.Count;
            _nodes.Add(hash);
            _index.Add(hash, index);
        }

        return index;
    }
}
