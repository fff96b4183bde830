using Fairlead.Naming.Tree;

namespace Fairlead.Naming.Tests.Tree;

/// <summary>Keys and trees for tests; keys with long common prefixes are as frequent as random ones.</summary>
internal static class TreeSamples
{
    internal static Digest Random(Random random)
    {
        var bytes = new byte[32];
        random.NextBytes(bytes);
        return Digest.FromBytes(bytes);
    }

    internal static Digest Near(Random random, Digest origin)
    {
        var bytes = Bytes(origin);
        var bit = random.Next(256);
        bytes[bit / 8] ^= (byte)(0x80 >> (bit % 8));
        return Digest.FromBytes(bytes);
    }

    internal static List<KeyValuePair<Digest, Digest>> Leaves(Random random, int count)
    {
        var leaves = new Dictionary<Digest, Digest>();
        var last = Random(random);
        while (leaves.Count < count)
        {
            last = random.Next(2) == 0 ? Near(random, last) : Random(random);
            leaves[last] = Random(random);
        }

        return [.. leaves];
    }

    internal static byte[] Bytes(Digest digest)
    {
        var bytes = new byte[32];
        digest.CopyTo(bytes);
        return bytes;
    }

    internal static byte[] OracleRoot(IEnumerable<KeyValuePair<Digest, Digest>> leaves) =>
        TreeOracle.Root(leaves.Select(l => (Bytes(l.Key), Bytes(l.Value))));

    internal static SparseTree Incremental(IEnumerable<KeyValuePair<Digest, Digest>> leaves) =>
        leaves.Aggregate(SparseTree.Empty, (tree, leaf) => tree.Put(leaf.Key, leaf.Value));
}
