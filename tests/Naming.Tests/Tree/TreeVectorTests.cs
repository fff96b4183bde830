using System.Security.Cryptography;
using System.Text;
using Fairlead.Naming.Tree;
using Xunit;

namespace Fairlead.Naming.Tests.Tree;

/// <summary>The published vectors of the tree.</summary>
public sealed class TreeVectorTests
{
    private static readonly Digest Cart = Key(1, "cart.shop.svc");
    private static readonly Digest Checkout = Key(1, "checkout.shop.svc");
    private static readonly Digest Us1 = Key(3, "us1");

    [Fact]
    public void Root_OneLeaf_MatchesVector() =>
        Assert.Equal(
            "a81d78c14fdf0de9b7e112c5d72c5e95eb5de65cd48bc15c11c559f484c77db4",
            Hex(SparseTree.Empty.Put(Cart, Filled(0x44)).Root));

    [Fact]
    public void Root_ThreeLeaves_MatchesVector() =>
        Assert.Equal("5253ca42116ac4084a2ad28604eb21249bdc797a6f8b4c0f7d34a39a8112d0bd", Hex(Three().Root));

    [Fact]
    public void Root_NoLeaves_IsZero() => Assert.Equal(new string('0', 64), Hex(SparseTree.Empty.Root));

    [Fact]
    public void Key_OfVectors_Matches()
    {
        Assert.Equal("67ffc3b2749d1b5a810e4a3bcebae605c1de686f177dd5d4b25ed0f75cc2e6e2", Hex(Cart));
        Assert.Equal("949d2309373dda024dac1de9d6a741eaeb8ccd80006b5e3a31611eb6eb30373c", Hex(Checkout));
        Assert.Equal("7e5f36259b94a99cc8f5302744b6dfc4b9c749e2589ea3194d2ed147f21bb139", Hex(Us1));
    }

    [Fact]
    public void Prove_Cart_IsAtDepthFourWithMask60()
    {
        var nodes = new ProofNodes();
        var proof = Three().Prove(Cart, nodes);
        Assert.Equal((4u, ProofEnd.Leaf), (proof.Depth, proof.End));
        Assert.Equal([0x60], proof.Mask.ToArray());
        Assert.Equal([0u, 1u], proof.Siblings.ToArray());
        Assert.Equal(2, nodes.Nodes.Count);
    }

    [Fact]
    public void Prove_Absent_IsDepthOneBesideCheckout()
    {
        var key = Key(1, "absent.shop.svc");
        Assert.StartsWith("d1f709", Hex(key), StringComparison.Ordinal);
        var proof = Three().Prove(key, new ProofNodes());
        Assert.Equal((1u, ProofEnd.Other, Checkout), (proof.Depth, proof.End, proof.OtherKey!.Value));
    }

    [Fact]
    public void Prove_B_IsEmptyAtDepthTwo()
    {
        var key = Key(1, "b.shop.svc");
        Assert.StartsWith("0f2526", Hex(key), StringComparison.Ordinal);
        var proof = Three().Prove(key, new ProofNodes());
        Assert.Equal((2u, ProofEnd.Empty), (proof.Depth, proof.End));
    }

    private static SparseTree Three() =>
        SparseTree.Empty.Put(Cart, Filled(0x44)).Put(Checkout, Filled(0x55)).Put(Us1, Filled(0x66));

    private static Digest Filled(byte value) => Digest.FromBytes(Enumerable.Repeat(value, 32).ToArray());

    private static Digest Key(byte kind, string name) => Digest.FromBytes(SHA256.HashData(
        [
            .. Encoding.ASCII.GetBytes("fairlead-name/1"), 0, .. Enumerable.Repeat((byte)0x22, 32),
            .. Enumerable.Repeat((byte)0x33, 16), kind, .. Encoding.ASCII.GetBytes(name),
        ]));

    private static string Hex(Digest digest)
    {
        var bytes = new byte[32];
        digest.CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
