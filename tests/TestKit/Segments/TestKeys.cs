using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Naming;

namespace Fairlead.TestKit;

/// <summary>The keys of tests: key N has d = SHA-256("fairlead test key N") mod n, so that every run and every vector
/// speaks of the same ones. Thread-safe; the keys live as long as the process.</summary>
public static class TestKeys
{
    private static readonly BigInteger Order = BigInteger.Parse(
        "0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
        NumberStyles.HexNumber,
        CultureInfo.InvariantCulture);

    private static readonly ConcurrentDictionary<int, EcdsaSigner> Signers = new();

    /// <summary>Key <paramref name="number"/>.</summary>
    public static EcdsaSigner Signer(int number) => Signers.GetOrAdd(number, Make);

    /// <summary>The public half of key <paramref name="number"/>.</summary>
    public static PublicKey Key(int number) => Signer(number).Key;

    /// <summary>Key <paramref name="number"/> as an ECDsa of its own, for the caller to dispose.</summary>
    public static ECDsa Ecdsa(int number)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"fairlead test key {number}");
        var d = new BigInteger(
            SHA256.HashData(Encoding.ASCII.GetBytes(text)), isUnsigned: true, isBigEndian: true) % Order;
        var bytes = d.ToByteArray(isUnsigned: true, isBigEndian: true);
        return ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            D = [.. new byte[32 - bytes.Length], .. bytes],
        });
    }

    private static EcdsaSigner Make(int number) => new(Ecdsa(number));
}
