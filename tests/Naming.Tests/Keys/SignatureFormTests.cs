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

    private static void Refused(byte[] signature) => Assert.Equal(
        VerificationFailure.BadSignatureEncoding, TestKeys.Key(1).Verify(Signed, signature)?.Failure);

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }
}
