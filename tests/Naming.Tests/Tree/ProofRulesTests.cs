using Fairlead.Naming.Tree;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Tree;

/// <summary>V21 to V23: what a proof may look like, and everything that it must not.</summary>
public sealed class ProofRulesTests
{
    private static readonly List<KeyValuePair<Digest, Digest>> Leaves = TreeSamples.Leaves(new Random(11), 12);
    private static readonly SparseTree Tree = TreeSamples.Incremental(Leaves);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Check_RandomTree_InclusionXorAbsence(int seed)
    {
        var random = new Random(seed);
        var leaves = TreeSamples.Leaves(random, random.Next(0, 40));
        var tree = SparseTree.From(leaves);
        var asked = leaves.Concat(TreeSamples.Leaves(random, 20)).ToList();
        asked.AddRange(leaves.Take(5).Select(l => KeyValuePair.Create(TreeSamples.Near(random, l.Key), l.Value)));
        var table = new ProofNodes();
        var proofs = asked.Select(a => tree.Prove(a.Key, table)).ToArray();
        var nodes = table.Nodes.ToArray();
        Assert.Null(ProofRules.CheckForm(proofs, nodes));
        for (var i = 0; i < asked.Count; i++)
        {
            var present = leaves.Any(l => l.Key == asked[i].Key);
            var included = ProofRules.CheckInclusion(asked[i].Key, asked[i].Value, proofs[i], nodes, tree.Root);
            var absent = ProofRules.CheckAbsence(asked[i].Key, proofs[i], nodes, tree.Root);
            Assert.Equal((present, !present), (included is null, absent is null));
        }
    }

    [Fact]
    public void Check_AnyFlippedBit_Fails()
    {
        var random = new Random(5);
        var (key, value) = Leaves[3];
        var (proof, nodes) = Prove(key);
        for (var bit = 0; bit < 256; bit++)
        {
            Assert.NotNull(ProofRules.CheckInclusion(Flip(key, bit), value, proof, nodes, Tree.Root));
            Assert.NotNull(ProofRules.CheckInclusion(key, Flip(value, bit), proof, nodes, Tree.Root));
            Assert.NotNull(ProofRules.CheckInclusion(key, value, proof, nodes, Flip(Tree.Root, bit)));
            var changed = nodes.ToArray();
            var at = random.Next(changed.Length);
            changed[at] = Flip(changed[at], bit);
            Assert.NotNull(ProofRules.CheckInclusion(key, value, proof, changed, Tree.Root));
        }

        for (var bit = 0; bit < 8 * proof.Mask.Length; bit++)
        {
            var mask = proof.Mask.ToArray();
            mask[bit / 8] ^= (byte)(0x80 >> (bit % 8));
            Assert.NotNull(ProofRules.CheckInclusion(key, value, proof with { Mask = mask }, nodes, Tree.Root));
        }
    }

    [Fact]
    [MaliciousInput(42, "257 levels, surplus or unused nodes: BadProof")]
    public void CheckForm_Misshapen_IsBadProof()
    {
        var (key, value) = Leaves[0];
        var (proof, nodes) = Prove(key);
        var first = proof.Siblings.Span[0];
        TreeProof[] misshapen =
        [
            proof with { Depth = 257, Mask = new byte[33], Siblings = new uint[257] },
            proof with { Depth = proof.Depth + 1 },
            proof with { Mask = new byte[proof.Mask.Length + 1] },
            proof with { Siblings = new[] { first }.Concat(proof.Siblings.ToArray()).ToArray() },
            proof with { Siblings = proof.Siblings[1..] },
            proof with { Siblings = new[] { (uint)nodes.Length }.Concat(proof.Siblings.ToArray().Skip(1)).ToArray() },
            proof with { End = ProofEnd.None },
            proof with { End = (ProofEnd)4 },
            proof with { OtherKey = key },
            proof with { OtherCommitment = value },
            proof with { End = ProofEnd.Other, OtherKey = key },
        ];
        foreach (var one in misshapen)
        {
            Assert.Equal(VerificationFailure.BadProof, ProofRules.CheckForm([one], nodes)?.Failure);
            Assert.Equal(
                VerificationFailure.BadProof,
                ProofRules.CheckInclusion(key, value, one, nodes, Tree.Root)?.Failure);
            Assert.Equal(VerificationFailure.BadProof, ProofRules.CheckAbsence(key, one, nodes, Tree.Root)?.Failure);
        }

        Digest[] surplus = [.. nodes, value];
        Assert.Equal(VerificationFailure.BadProof, ProofRules.CheckForm([proof], surplus)?.Failure);
        Digest[] empty = [.. nodes.Select((n, i) => i == first ? default : n)];
        Assert.Equal(VerificationFailure.BadProof, ProofRules.CheckForm([proof], empty)?.Failure);
        var spare = TreeProofOfDepthOne() with { Mask = new byte[] { 0x40 } };
        Assert.Equal(VerificationFailure.BadProof, ProofRules.CheckForm([spare], nodes)?.Failure);
    }

    /// <summary>A subtree without leaves is empty and one of a single leaf is that leaf, so that beside an end there is
    /// never nothing, whatever a quorum signs as the root.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(256)]
    [MaliciousInput(42, "an end beside an empty subtree: BadProof")]
    public void Check_EndBesideAnEmptySubtree_IsBadProof(int depth)
    {
        var (key, value) = Leaves[0];
        var mask = new byte[(depth + 7) / 8];
        for (var level = 0; level < depth; level++)
        {
            mask[level / 8] |= (byte)(0x80 >> (level % 8));
        }

        var leaf = new TreeProof((uint)depth, mask, default, ProofEnd.Leaf);
        Assert.Equal(
            VerificationFailure.BadProof,
            ProofRules.CheckInclusion(key, value, leaf, [], Root(TreeHash.Leaf(key, value)))?.Failure);
        var empty = leaf with { End = ProofEnd.Empty };
        Assert.Equal(
            VerificationFailure.BadProof, ProofRules.CheckAbsence(key, empty, [], Root(TreeHash.Empty))?.Failure);
        var other = leaf with { End = ProofEnd.Other, OtherKey = key, OtherCommitment = value };
        Assert.Equal(
            VerificationFailure.BadProof,
            ProofRules.CheckAbsence(Flip(key, 255), other, [], Root(TreeHash.Leaf(key, value)))?.Failure);
        Assert.Equal(VerificationFailure.BadProof, ProofRules.CheckForm([empty], [])?.Failure);

        Digest Root(Digest end)
        {
            var bits = TreeSamples.Bytes(key);
            for (var level = depth - 1; level >= 0; level--)
            {
                end = (bits[level / 8] & (0x80 >> (level % 8))) != 0
                    ? TreeHash.Node(TreeHash.Empty, end)
                    : TreeHash.Node(end, TreeHash.Empty);
            }

            return end;
        }
    }

    [Fact]
    [MaliciousInput(43, "inner node as leaf: ProofMismatch")]
    public void CheckInclusion_InnerNodeAsLeaf_IsProofMismatch()
    {
        // Two leaves: the root is a node over their hashes, which are offered as key and commitment of a leaf.
        var tree = SparseTree.Empty.Put(Filled(0x00), Filled(1)).Put(Filled(0xFF), Filled(2));
        var left = TreeHash.Leaf(Filled(0x00), Filled(1));
        var right = TreeHash.Leaf(Filled(0xFF), Filled(2));
        var proof = new TreeProof(0, default, default, ProofEnd.Leaf);
        Assert.Equal(TreeHash.Node(left, right), tree.Root);
        var refusal = ProofRules.CheckInclusion(left, right, proof, [], tree.Root);
        Assert.Equal(VerificationFailure.ProofMismatch, refusal?.Failure);
    }

    [Fact]
    [MaliciousInput(44, "proof of another name: ProofMismatch")]
    public void CheckInclusion_ProofOfAnotherKey_IsProofMismatch()
    {
        var (proof, nodes) = Prove(Leaves[1].Key);
        var refusal = ProofRules.CheckInclusion(Leaves[2].Key, Leaves[1].Value, proof, nodes, Tree.Root);
        Assert.Equal(VerificationFailure.ProofMismatch, refusal?.Failure);
        var (other, table) = Prove(TreeSamples.Random(new Random(3)));
        refusal = ProofRules.CheckInclusion(Leaves[2].Key, Leaves[2].Value, other, table, Tree.Root);
        Assert.Equal(VerificationFailure.ProofMismatch, refusal?.Failure);
    }

    [Fact]
    [MaliciousInput(45, "value changed, proof kept: ProofMismatch")]
    public void CheckInclusion_OtherCommitment_IsProofMismatch()
    {
        var (proof, nodes) = Prove(Leaves[1].Key);
        var refusal = ProofRules.CheckInclusion(Leaves[1].Key, Leaves[2].Value, proof, nodes, Tree.Root);
        Assert.Equal(VerificationFailure.ProofMismatch, refusal?.Failure);
    }

    [Fact]
    [MaliciousInput(46, "absence via leaf outside my prefix: NonInclusionWrongPrefix")]
    public void CheckAbsence_LeafOutsidePrefix_IsWrongPrefix()
    {
        var absent = Flip(Leaves[0].Key, 0);
        var (path, nodes) = Prove(Leaves[0].Key);
        var proof = path with { End = ProofEnd.Other, OtherKey = Leaves[0].Key, OtherCommitment = Leaves[0].Value };
        Assert.True(path.Depth > 0);
        var refusal = ProofRules.CheckAbsence(absent, proof, nodes, Tree.Root);
        Assert.Equal(VerificationFailure.NonInclusionWrongPrefix, refusal?.Failure);
    }

    [Fact]
    [MaliciousInput(47, "absence via leaf with my key: NonInclusionWrongPrefix")]
    public void CheckAbsence_MyOwnLeaf_IsWrongPrefix()
    {
        var (path, nodes) = Prove(Leaves[0].Key);
        var proof = path with { End = ProofEnd.Other, OtherKey = Leaves[0].Key, OtherCommitment = Leaves[0].Value };
        foreach (var one in new[] { path, proof })
        {
            var refusal = ProofRules.CheckAbsence(Leaves[0].Key, one, nodes, Tree.Root);
            Assert.Equal(VerificationFailure.NonInclusionWrongPrefix, refusal?.Failure);
        }
    }

    [Fact]
    public void CheckAbsence_PathOfAnotherEmptySubtree_IsProofMismatch()
    {
        var tree = SparseTree.Empty.Put(Filled(0x80), Filled(1)).Put(Filled(0xC0), Filled(2));
        var table = new ProofNodes();
        var proof = tree.Prove(Filled(0x00), table);
        Assert.Equal(ProofEnd.Empty, proof.End);
        var refusal = ProofRules.CheckAbsence(Filled(0x90), proof, table.Nodes.ToArray(), tree.Root);
        Assert.Equal(VerificationFailure.ProofMismatch, refusal?.Failure);
    }

    [Fact]
    public void Check_GoodProof_AllocatesNothing()
    {
        var (key, value) = Leaves[0];
        var (proof, nodes) = Prove(key);
        Assert.Null(ProofRules.CheckInclusion(key, value, proof, nodes, Tree.Root));
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = ProofRules.CheckInclusion(key, value, proof, nodes, Tree.Root);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Check_DeepestPath_Verifies()
    {
        var one = Filled(0);
        var two = Flip(one, 255);
        var tree = SparseTree.Empty.Put(one, Filled(1)).Put(two, Filled(2));
        var table = new ProofNodes();
        var proof = tree.Prove(two, table);
        Assert.Equal((256u, 1), (proof.Depth, proof.Siblings.Length));
        Assert.Null(ProofRules.CheckInclusion(two, Filled(2), proof, table.Nodes.ToArray(), tree.Root));
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 40)];

    private static (TreeProof Proof, Digest[] Nodes) Prove(Digest key)
    {
        var table = new ProofNodes();
        var proof = Tree.Prove(key, table);
        return (proof, [.. table.Nodes]);
    }

    private static TreeProof TreeProofOfDepthOne() =>
        new(1, new byte[] { 0 }, new uint[] { 0 }, ProofEnd.Leaf);

    private static Digest Filled(byte value) => Digest.FromBytes(Enumerable.Repeat(value, 32).ToArray());

    private static Digest Flip(Digest digest, int bit)
    {
        var bytes = TreeSamples.Bytes(digest);
        bytes[bit / 8] ^= (byte)(0x80 >> (bit % 8));
        return Digest.FromBytes(bytes);
    }
}
