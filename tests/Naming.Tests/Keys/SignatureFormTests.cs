using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Keys;

/// <summary>V5: one form per signature.</summary>
public sealed class SignatureFormTests
{
    private static readonly BigInteger Order = BigInteger.Parse(
        "0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
        NumberStyles.HexNumber,
        CultureInfo.InvariantCulture);

    private static readonly Digest Signed = Digest.Sha256("signed"u8);

    [Fact]
    public void Sign_Always_HasLowS()
    {
        for (var i = 0; i < 64; i++)
        {
            var signature = TestKeys.Signer(1).Sign(Signed);
            Assert.True(Number(signature.AsSpan(32)) <= Order / 2);
            Assert.Null(TestKeys.Key(1).Verify(Signed, signature));
        }
    }

    [Fact]
    [MaliciousInput(12, "(r, n-s): BadSignatureEncoding")]
    public void Verify_OfTheHighS_IsRefused()
    {
        var signature = TestKeys.Signer(1).Sign(Signed);
        Bytes(Order - Number(signature.AsSpan(32))).CopyTo(signature.AsSpan(32));
        using var ecdsa = TestKeys.Ecdsa(1);
        Assert.True(ecdsa.VerifyHash(Signed.ToArray(), signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        Refused(signature);
        SignatureForm.Normalize(signature);
        Assert.Null(TestKeys.Key(1).Verify(Signed, signature));
    }

    [Fact]
    [MaliciousInput(13, "r=0, s=0, 63/65 bytes, DER: BadSignatureEncoding")]
    public void Verify_OutOfForm_IsRefused()
    {
        var good = TestKeys.Signer(1).Sign(Signed);
        Refused([.. new byte[32], .. good[32..]]);
        Refused([.. good[..32], .. new byte[32]]);
        Refused(good[..63]);
        Refused([.. good, 0]);
        Refused([]);
        Refused([.. Bytes(Order), .. good[32..]]);
        Refused([.. good[..32], .. Bytes(Order)]);
        Refused([.. good[..32], .. Bytes((Order / 2) + 1)]);
        using var ecdsa = TestKeys.Ecdsa(1);
        Refused(ecdsa.SignHash(Signed.ToArray(), DSASignatureFormat.Rfc3279DerSequence));
    }

    [Fact]
    public void Check_AtTheBounds_Passes()
    {
        Assert.Null(SignatureForm.Check([.. Bytes(Order - 1), .. Bytes(Order / 2)]));
        Assert.Null(SignatureForm.Check([.. Bytes(1), .. Bytes(1)]));
    }

    /// <summary>Well-formed and false: numbers that a careless implementation takes for a signature of anything, among
    /// them those that only arithmetic without its range checks accepts.</summary>
    [Theory]
    [MemberData(nameof(Edges))]
    public void Verify_OfNumbersAtTheEdges_IsBadSignature(string r, string s)
    {
        byte[] signature = [.. Convert.FromHexString(r), .. Convert.FromHexString(s)];
        Assert.Null(SignatureForm.Check(signature));
        foreach (var digest in new[] { Signed, default, Digest.FromBytes([.. Enumerable.Repeat((byte)0xFF, 32)]) })
        {
            Assert.Equal(VerificationFailure.BadSignature, TestKeys.Key(1).Verify(digest, signature)?.Failure);
        }
    }

    /// <summary>Each number at a bound of r and of s, in every pair: in form exactly where 0 &lt; r &lt; n, 0 &lt; s
    /// &lt;= n/2.</summary>
    [Fact]
    public void Check_OfEveryPairAtTheBounds_TakesExactlyTheRange()
    {
        var field = Order + BigInteger.Parse(
            "4319055358e8617b0c46353d039cdaae", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        BigInteger[] bounds =
        [
            0, 1, 2, (Order / 2) - 1, Order / 2, (Order / 2) + 1, Order - 2, Order - 1, Order, Order + 1, field - 1,
            field,
            (BigInteger.One << 256) - 1,
        ];
        foreach (var r in bounds)
        {
            foreach (var s in bounds)
            {
                var inForm = r > 0 && r < Order && s > 0 && s <= Order / 2;
                var refusal = SignatureForm.Check([.. Bytes(r), .. Bytes(s)]);
                Assert.True(inForm == (refusal is null), $"r {r:x}, s {s:x}");
                Assert.Equal(inForm ? null : VerificationFailure.BadSignatureEncoding, refusal?.Failure);
            }
        }
    }

    /// <summary>One bit anywhere makes a true signature false or misshapen, never another true one.</summary>
    [Fact]
    public void Verify_OfAnyFlippedBit_IsRefused()
    {
        var good = TestKeys.Signer(1).Sign(Signed);
        for (var bit = 0; bit < 512; bit++)
        {
            var bad = good.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotNull(TestKeys.Key(1).Verify(Signed, bad));
        }
    }

    /// <summary>r as the x of the key itself, of the generator and of its small multiples; small and great s.</summary>
    public static TheoryData<string, string> Edges()
    {
        string[] rs =
        [
            Hex(1), Hex(Order - 1), Hex(Order / 2),
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978",
            Convert.ToHexStringLower(TestKeys.Key(1).Point[1..33]),
        ];
        string[] ss = [Hex(1), Hex(2), Hex((Order / 2) - 1), Hex(Order / 2)];
        var edges = new TheoryData<string, string>();
        foreach (var r in rs)
        {
            foreach (var s in ss)
            {
                edges.Add(r, s);
            }
        }

        return edges;
    }

    private static string Hex(BigInteger number) => Convert.ToHexStringLower(Bytes(number));

    private static void Refused(byte[] signature) => Assert.Equal(
        VerificationFailure.BadSignatureEncoding, TestKeys.Key(1).Verify(Signed, signature)?.Failure);

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }
}
