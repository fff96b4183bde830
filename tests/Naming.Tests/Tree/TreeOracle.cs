using System.Security.Cryptography;

namespace Fairlead.Naming.Tests.Tree;

/// <summary>The tree by its definition and nothing else: a subtree of no leaf, one leaf, or two halves.</summary>
internal static class TreeOracle
{
    internal static byte[] Root(IEnumerable<(byte[] Key, byte[] Commitment)> leaves) => Subtree([.. leaves], 0);

    private static byte[] Subtree(List<(byte[] Key, byte[] Commitment)> leaves, int depth)
    {
        if (leaves.Count == 0)
        {
            return new byte[32];
        }

        if (leaves.Count == 1)
        {
            return SHA256.HashData([0, .. leaves[0].Key, .. leaves[0].Commitment]);
        }

        bool One((byte[] Key, byte[] Commitment) leaf) => (leaf.Key[depth / 8] >> (7 - (depth % 8)) & 1) == 1;
        var left = Subtree([.. leaves.Where(l => !One(l))], depth + 1);
        var right = Subtree([.. leaves.Where(One)], depth + 1);
        return SHA256.HashData([1, .. left, .. right]);
    }
}
