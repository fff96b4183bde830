using System.Security.Cryptography;

namespace Fairlead.Naming.Tree;

/// <summary>
/// The three hashes of a segment's tree: leaf = SHA-256(00, key, commitment), node = SHA-256(01, left, right), and 32
/// zero bytes for a subtree without leaves. The first byte keeps an inner node from being read as a leaf.
/// </summary>
public static class TreeHash
{
    /// <summary>The hash of a subtree without leaves: 32 zero bytes.</summary>
    public static Digest Empty => default;

    /// <summary>The hash of a subtree that holds exactly this leaf.</summary>
    /// <param name="key">The blinded key of the (class, name).</param>
    /// <param name="commitment">The digest of the leaf's document.</param>
    public static Digest Leaf(in Digest key, in Digest commitment) => Hash(0, key, commitment);

    /// <summary>The hash of a subtree with two or more leaves.</summary>
    /// <param name="left">The hash of the half whose keys continue with a 0 bit.</param>
    /// <param name="right">The hash of the half whose keys continue with a 1 bit.</param>
    public static Digest Node(in Digest left, in Digest right) => Hash(1, left, right);

    /// <summary>Bit <paramref name="index"/> of a key, counted from the most significant bit of byte 0.</summary>
    internal static bool Bit(ReadOnlySpan<byte> key, int index) => (key[index >> 3] & (0x80 >> (index & 7))) != 0;

    private static Digest Hash(byte tag, in Digest first, in Digest second)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Digest.Size)];
        input[0] = tag;
        first.CopyTo(input[1..]);
        second.CopyTo(input[(1 + Digest.Size)..]);
        Span<byte> output = stackalloc byte[Digest.Size];
        SHA256.HashData(input, output);
        return Digest.FromBytes(output);
    }
}
