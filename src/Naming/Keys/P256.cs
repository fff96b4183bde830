using System.Numerics;

namespace Fairlead.Naming;

/// <summary>The numbers of nistP256 (FIPS 186-4, D.1.2.3) and the question whether a point is on it.</summary>
internal static class P256
{
    private static readonly BigInteger Prime = Hex("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF");
    private static readonly BigInteger B = Hex("5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B");

    /// <summary>The order of the group.</summary>
    internal static readonly BigInteger Order =
        Hex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    /// <summary>The largest s of a signature: of s and n - s only the lower is taken.</summary>
    internal static readonly BigInteger HalfOrder = Order >> 1;

    /// <summary>Whether 65 bytes are 04, X, Y with X and Y below p and on the curve.</summary>
    internal static bool IsPoint(ReadOnlySpan<byte> point)
    {
        if (point.Length != PublicKey.PointBytes || point[0] != 4)
        {
            return false;
        }

        var x = Number(point[1..33]);
        var y = Number(point[33..]);
        return x < Prime && y < Prime && (((y * y) - (x * x * x) + (3 * x) - B) % Prime).IsZero;
    }

    /// <summary>The number that these bytes are, big-endian.</summary>
    internal static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static BigInteger Hex(string digits) => Number(Convert.FromHexString(digits));
}
