using Fairlead.Naming.Tree;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Fairlead.Naming.Tests.Properties;

/// <summary>The tree over keys that collide in their first bits as often as not; a counterexample shrinks to few
/// leaves.</summary>
public sealed class TreeProperties
{
    // A key is its first byte, and a last one that tells keys with equal beginnings apart at level 248 and below.
    private static readonly Arbitrary<(byte First, byte Last)[]> Keys =
        ArbMap.Default.ArbFor<(byte First, byte Last)[]>();

    [Fact]
    public void Root_OfTheSameLeaves_DoesNotDependOnTheirOrder() => Property.Holds(Keys, keys =>
    {
        var leaves = Leaves(keys);
        var root = SparseTree.From(leaves).Root;
        return Incremental(leaves).Root == root
            && Incremental(leaves.AsEnumerable().Reverse()).Root == root
            && Incremental(leaves.OrderBy(leaf => leaf.Value)).Root == root;
    });

    [Fact]
    public void Remove_OfWhatWasPut_RestoresTheRoot() => Property.Holds(Keys, keys =>
    {
        var leaves = Leaves(keys);
        var tree = Incremental(leaves);
        for (var i = leaves.Count - 1; i >= 0; i--)
        {
            tree = tree.Remove(leaves[i].Key);
            if (tree.Root != SparseTree.From(leaves.Take(i)).Root)
            {
                return false;
            }
        }

        return tree.Root == SparseTree.Empty.Root;
    });

    [Fact]
    public void Proof_OfAnyKey_ShowsPresenceOrAbsenceAndNeverBoth() => Property.Holds(Keys, keys =>
    {
        var leaves = Leaves(keys);
        var held = leaves.Where((_, i) => i % 2 == 0).ToDictionary();
        var tree = SparseTree.From(held);
        return leaves.All(leaf =>
        {
            var nodes = new ProofNodes();
            var proof = tree.Prove(leaf.Key, nodes);
            var present = ProofRules.CheckInclusion(leaf.Key, leaf.Value, proof, nodes.Nodes.ToArray(), tree.Root);
            var absent = ProofRules.CheckAbsence(leaf.Key, proof, nodes.Nodes.ToArray(), tree.Root);
            return held.ContainsKey(leaf.Key)
                ? present is null && absent is not null
                : present is not null && absent is null;
        });
    });

    private static List<KeyValuePair<Digest, Digest>> Leaves((byte First, byte Last)[] keys) =>
    [
        .. keys.Distinct().Select(key => KeyValuePair.Create(
            Digest.FromBytes([key.First, .. new byte[30], key.Last]), Digest.Sha256([key.First, key.Last]))),
    ];

    private static SparseTree Incremental(IEnumerable<KeyValuePair<Digest, Digest>> leaves) =>
        leaves.Aggregate(SparseTree.Empty, (tree, leaf) => tree.Put(leaf.Key, leaf.Value));
}
