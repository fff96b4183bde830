using Fairlead.Naming.Tree;
using Xunit;

namespace Fairlead.Naming.Tests.Tree;

/// <summary>The tree against its definition: order, batch, removal, and every small tree.</summary>
public sealed class SparseTreeTests
{
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Root_RandomLeaves_EqualsOracleInEveryOrder(int seed)
    {
        var random = new Random(seed);
        var leaves = TreeSamples.Leaves(random, random.Next(1, 60));
        var expected = Digest.FromBytes(TreeSamples.OracleRoot(leaves));
        Assert.Equal(expected, TreeSamples.Incremental(leaves).Root);
        var shuffled = leaves.ToArray();
        random.Shuffle(shuffled);
        Assert.Equal(expected, TreeSamples.Incremental(shuffled).Root);
        var batch = SparseTree.From(shuffled);
        Assert.Equal((expected, leaves.Count), (batch.Root, batch.Count));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Remove_AfterPut_RestoresRootAndLeavesOldTreeAlone(int seed)
    {
        var random = new Random(seed);
        var leaves = TreeSamples.Leaves(random, random.Next(2, 40));
        var tree = TreeSamples.Incremental(leaves.Take(leaves.Count / 2));
        var roots = new Stack<(SparseTree Tree, Digest Root, Digest Key)>();
        foreach (var leaf in leaves.Skip(leaves.Count / 2))
        {
            roots.Push((tree, tree.Root, leaf.Key));
            tree = tree.Put(leaf.Key, leaf.Value);
        }

        while (roots.TryPop(out var before))
        {
            tree = tree.Remove(before.Key);
            Assert.Equal(before.Root, tree.Root);
            Assert.Equal(before.Tree.Count, tree.Count);
            Assert.Equal(before.Root, before.Tree.Root);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Changes_RandomWalk_EqualOracle(int seed)
    {
        var random = new Random(seed);
        var pool = TreeSamples.Leaves(random, 24);
        var held = new Dictionary<Digest, Digest>();
        var tree = SparseTree.Empty;
        for (var step = 0; step < 120; step++)
        {
            var key = pool[random.Next(pool.Count)].Key;
            if (random.Next(3) == 0)
            {
                tree = tree.Remove(key);
                held.Remove(key);
            }
            else
            {
                var value = TreeSamples.Random(random);
                tree = tree.Put(key, value);
                held[key] = value;
            }

            Assert.Equal(held.Count, tree.Count);
            Assert.Equal(Digest.FromBytes(TreeSamples.OracleRoot(held)), tree.Root);
            Assert.Equal(held.TryGetValue(key, out var expected), tree.TryGet(key, out var found));
            Assert.Equal(expected, found);
        }
    }

    [Fact]
    public void Root_AllTreesOverSixCloseKeys_EqualOracle()
    {
        // Keys that fork at 0, 1, 2, 254 and 255 levels: every subset, built up and taken down.
        string[] forks = ["00", "80", "40", "20"];
        var keys = forks.Select(f => Digest.FromBytes(Convert.FromHexString(f + new string('0', 62)))).ToList();
        keys.Add(Digest.FromBytes(Convert.FromHexString(new string('0', 62) + "01")));
        keys.Add(Digest.FromBytes(Convert.FromHexString(new string('0', 62) + "02")));
        var leaves = keys.Select((k, i) => KeyValuePair.Create(k, TreeSamples.Random(new Random(i)))).ToList();
        for (var subset = 0; subset < 1 << leaves.Count; subset++)
        {
            var chosen = leaves.Where((_, i) => (subset >> i & 1) == 1).ToList();
            var tree = TreeSamples.Incremental(chosen);
            Assert.Equal(Digest.FromBytes(TreeSamples.OracleRoot(chosen)), tree.Root);
            foreach (var leaf in leaves)
            {
                var less = chosen.Where(l => l.Key != leaf.Key);
                Assert.Equal(Digest.FromBytes(TreeSamples.OracleRoot(less)), tree.Remove(leaf.Key).Root);
                CheckProofs(tree, leaf, chosen.Contains(leaf));
            }
        }
    }

    [Fact]
    public void Put_SameLeaf_ReturnsSameTree()
    {
        var leaf = TreeSamples.Leaves(new Random(1), 1)[0];
        var tree = SparseTree.Empty.Put(leaf.Key, leaf.Value);
        Assert.Same(tree, tree.Put(leaf.Key, leaf.Value));
        Assert.Same(tree, tree.Remove(TreeSamples.Random(new Random(2))));
    }

    [Fact]
    public void From_KeyTwice_Throws()
    {
        var leaf = TreeSamples.Leaves(new Random(1), 1)[0];
        Assert.Throws<ArgumentException>(() => SparseTree.From([leaf, leaf]));
    }

    [Fact]
    public void Put_InHundredThousandLeaves_AllocatesOnePath()
    {
        var random = new Random(7);
        var leaves = Enumerable.Range(0, 100_000)
            .Select(_ => KeyValuePair.Create(TreeSamples.Random(random), TreeSamples.Random(random))).ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var tree = SparseTree.From(leaves);
        var perLeaf = (GC.GetAllocatedBytesForCurrentThread() - before) / leaves.Length;
        Assert.InRange(perLeaf, 1, 600);
        before = GC.GetAllocatedBytesForCurrentThread();
        tree = tree.Put(leaves[5].Key, leaves[6].Value);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 8_192);
        Assert.Equal(leaves.Length, tree.Count);
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 40)];

    private static void CheckProofs(SparseTree tree, KeyValuePair<Digest, Digest> leaf, bool present)
    {
        var table = new ProofNodes();
        var proof = tree.Prove(leaf.Key, table);
        var nodes = table.Nodes.ToArray();
        var included = ProofRules.CheckInclusion(leaf.Key, leaf.Value, proof, nodes, tree.Root) is null;
        var absent = ProofRules.CheckAbsence(leaf.Key, proof, nodes, tree.Root) is null;
        Assert.Equal((present, !present), (included, absent));
        Assert.Null(ProofRules.CheckForm([proof], nodes));
    }
}
