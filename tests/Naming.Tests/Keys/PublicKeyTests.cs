using System.Security.Cryptography;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Keys;

/// <summary>V4: only a point of nistP256, in one form.</summary>
public sealed class PublicKeyTests
{
    private static readonly string Good = TestKeys.Key(1).Text;
    private static readonly string X = Good[7..71];
    private static readonly string Y = Good[71..];

    // p, and 0 in the length of a coordinate.
    private static readonly string P = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    private static readonly string Zero = new('0', 64);

    [Fact]
    public void Parse_OfAKeyText_KeepsIt() => Assert.Equal(Good, PublicKey.Parse(Good).Text);

    [Fact]
    [MaliciousInput(9, "off-curve, zero, >= p or compressed point: BadKey")]
    public void Parse_OfNoPoint_IsRefused()
    {
        Refused("p256:04" + X + Flip(Y));
        Refused("p256:04" + Zero + Zero);
        Refused("p256:04" + P + Y);
        Refused("p256:04" + X + P);
        Refused("p256:04" + Zero + P);
        Refused("p256:02" + X);
        Refused("p256:03" + X);
        Refused("p256:02" + X + Y);
        Refused("p256:00");
        Refused("p256:" + new string('0', 130));
    }

    /// <summary>A point of the curve plus p in a coordinate is another text for the same point modulo p.</summary>
    [Fact]
    [MaliciousInput(9, ">= p: BadKey")]
    public void Parse_OfACoordinateAboveP_IsRefused()
    {
        // x = 5 is on the curve; 5 + p fits into 32 bytes because p is below 2^256.
        var five = new string('0', 63) + "5";
        var y = "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
        var shifted = "ffffffff00000001000000000000000000000001000000000000000000000004";
        Assert.Equal("p256:04" + five + y, PublicKey.Parse("p256:04" + five + y).Text);
        Refused("p256:04" + shifted + y);
    }

    [Fact]
    [MaliciousInput(8, "P-384, secp256k1 key: BadKey")]
    public void Parse_OfAnotherCurve_IsRefused()
    {
        Refused("p256:" + Convert.ToHexStringLower(Point(ECCurve.NamedCurves.nistP384)));
        Refused("p256:" + Convert.ToHexStringLower(Point(ECCurve.CreateFromFriendlyName("secp256k1"))));
        Refused("p384:" + Convert.ToHexStringLower(Point(ECCurve.NamedCurves.nistP384)));
        Refused("p384:" + Good[5..]);
    }

    [Theory]
    [MaliciousInput(10, "key text with trailing bytes: BadKey")]
    [InlineData("00")]
    [InlineData("0")]
    [InlineData(" ")]
    [InlineData("\n")]
    public void Parse_OfTrailingBytes_IsRefused(string more) => Refused(Good + more);

    [Fact]
    public void Parse_OfAnotherForm_IsRefused()
    {
        Refused("p256:04" + X.ToUpperInvariant() + Y);
        Refused("P256:04" + X + Y);
        Refused("04" + X + Y);
        Refused("p256: 04" + X + Y);
        Refused("");
        Refused(null);
    }

    [Fact]
    public void Verify_OnManyThreads_Agrees()
    {
        var digest = Digest.Sha256("x"u8);
        var key = PublicKey.Parse(Good);
        var signature = TestKeys.Signer(1).Sign(digest);
        Parallel.For(0, 32, _ => Assert.Null(key.Verify(digest, signature)));
        Assert.Equal(VerificationFailure.BadSignature, key.Verify(Digest.Sha256("y"u8), signature)?.Failure);
        Assert.Equal(VerificationFailure.BadSignature, TestKeys.Key(2).Verify(digest, signature)?.Failure);
    }

    private static string Flip(string hex) => (hex[0] == '0' ? "1" : "0") + hex[1..];

    private static byte[] Point(ECCurve curve)
    {
        using var key = ECDsa.Create(curve);
        var q = key.ExportParameters(false).Q;
        return [4, .. q.X!, .. q.Y!];
    }

    private static void Refused(string? text)
    {
        Assert.False(PublicKey.TryParse(text, out _, out var refusal));
        Assert.Equal(VerificationFailure.BadKey, refusal.Failure);
    }
}
