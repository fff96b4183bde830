using System.Globalization;
using System.Numerics;
using Xunit;

namespace Fairlead.Naming.Tests.Vectors;

/// <summary>
/// Figures of the Wycheproof project's <c>ecdsa_secp256r1_sha256_p1363</c>, each under its number there: those whose
/// arithmetic goes to the edges, and every pair of special values for r and s. What is true there with a high s is
/// refused here for its form (V5) and true in the other one.
/// </summary>
public sealed class WycheproofTests
{
    private const string Key =
        "042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838"
        + "c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e";

    private const string R = "2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18";
    private const string HighS = "b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db";
    private static readonly Digest Signed = Digest.Sha256("123400"u8);

    private static readonly BigInteger N = Hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    private static readonly BigInteger P = Hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");

    public static TheoryData<int, string, string> TrueOnes => new()
    {
        { 1, Key, R + "4cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76" },
        {
            138, "04d0f73792203716afd4be4329faa48d269f15313ebbba379d7783c97bf3e890d9"
                + "971f4a3206605bec21782bf5e275c714417e8f566549e6bc68690d2363c89cc1",
            "0000000000000000000000000000000000000000000000000000000000000100"
                + "8f1e3c7862c58b16bb76eddbb76eddbb516af4f63f2d74d76e0d28c9bb75ea88"
        },
        {
            139, "044838b2be35a6276a80ef9e228140f9d9b96ce83b7a254f71ccdebbb8054ce05f"
                + "fa9cbc123c919b19e00238198d04069043bd660a828814051fcb8aac738a6c6b",
            "000000000000000000000000000000000000000000000000002d9b4d347952d6"
                + "ef3043e7329581dbb3974497710ab11505ee1c87ff907beebadd195a0ffe6d7a"
        },
        {
            140, "047393983ca30a520bbc4783dc9960746aab444ef520c0a8e771119aa4e74b0f64"
                + "e9d7be1ab01a0bf626e709863e6a486dbaf32793afccf774e2c6cd27b1857526",
            "000000000000000000000000000000000000001033e67e37b32b445580bf4eff"
                + "8b748b74000000008b748b748b748b7466e769ad4a16d3dcd87129b8e91d1b4d"
        },
        {
            141, "045ac331a1103fe966697379f356a937f350588a05477e308851b8a502d5dfcdc5"
                + "fe9993df4b57939b2b8da095bf6d794265204cfe03be995a02e65d408c871c0b",
            "0000000000000000000000000000000000000000000000000000000000000100"
                + "ef9f6ba4d97c09d03178fa20b4aaad83be3cf9cb824a879fec3270fc4b81ef5b"
        },
        {
            142, "041d209be8de2de877095a399d3904c74cc458d926e27bb8e58e5eae5767c41509"
                + "dd59e04c214f7b18dce351fc2a549893a6860e80163f38cc60a4f2c9d040d8c9",
            "00000000000000000000000000000000000000062522bbd3ecbe7c39e93e7c25"
                + "ef9f6ba4d97c09d03178fa20b4aaad83be3cf9cb824a879fec3270fc4b81ef5b"
        },
        {
            143, "04083539fbee44625e3acaafa2fcb41349392cef0633a1b8fabecee0c133b10e99"
                + "915c1ebe7bf00df8535196770a58047ae2a402f26326bb7d41d4d7616337911e",
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc6324d5"
                + "555555550000000055555555555555553ef7a8e48d07df81a693439654210c70"
        },
        {
            144, "04e075effd9607d08d5f34e3652f64cfa3bd6d20c58d0a232f058491260ab212a4"
                + "cc61760ac8b0680c1b644c03cc628ba9dc4a3c0561368489c692bd40f43aa3ca",
            "0000000000000000000000000000000000000000000000009c44febf31c3594f"
                + "000000000000000000000000000000000000000000000000839ed28247c2b06b"
        },
        {
            146, "04cffb758c3073ea3c08efd9f7f17a85b6ae385c5a140c146ad5f1f5a826718bc8"
                + "dfdc6bebc894144c6d418ac5d97339726ad2ae925df868426e5628e9f4e62342",
            "0000000000000000000000000000000000000009df8b682430beef6f5fd7c7cd"
                + "000000000000000000000000000000000000000fd0a62e13778f4222a0d61c8a"
        },
        {
            148, "04b98740e69e61a325d5f772e3b5c4f67fb7150b16a9afeca9ddc4afcbb6fa0549"
                + "c446e814138e4ebc82dbf86a390056d4595dcf45e381fef217a4597d7bd51498",
            "000000000000000000000000000000008a598e563a89f526c32ebec8de26367c"
                + "0000000000000000000000000000000084f633e2042630e99dd0f1e16f7a04bf"
        },
    };

    public static TheoryData<int, string> FalseOnes => new()
    {
        {
            2, "012ba3a8bd6b94d5ed80a6d9d1190a436ebccc0833490686deac8635bcb9bf536900" + HighS
        },
        { 4, "d45c5740946b2a147f59262ee6f5bc90bd01ed280528b62b3aed5fc93f06f739" + HighS },
        { 5, "01" + R + "00" + HighS },
        { 6, "010000000000000000" + R + "000000000000000000" + HighS },
        { 7, "01b329f478a2bbd0a6c384ee1493b1f518276e0e4a5375928d6fcd160c11cb6d2c00" + HighS },
        { 9, "01" + HighS + "00" + HighS },
        { 145, "9c44febf31c3594f839ed28247c2b06b" },
        { 147, "09df8b682430beef6f5fd7c7cd0fd0a62e13778f4222a0d61c8a" },
        { 149, "8a598e563a89f526c32ebec8de26367c84f633e2042630e99dd0f1e16f7a04bf" },
    };

    [Theory]
    [MemberData(nameof(TrueOnes))]
    public void Verify_OfOneThatIsTrue_PassesInItsOneForm(int number, string key, string signature)
    {
        var bytes = Convert.FromHexString(signature);
        var isHigh = Hex(signature[64..]) > N / 2;
        Assert.Equal(number is 138 or 139 or 140 or 141 or 142, isHigh);
        var refusal = PublicKey.Parse("p256:" + key).Verify(Signed, bytes);
        Assert.Equal(isHigh ? VerificationFailure.BadSignatureEncoding : null, refusal?.Failure);
        SignatureForm.Normalize(bytes);
        Assert.Null(PublicKey.Parse("p256:" + key).Verify(Signed, bytes));
    }

    [Theory]
    [MemberData(nameof(FalseOnes))]
    public void Verify_OfOneThatIsFalse_IsRefused(int number, string signature)
    {
        var key = PublicKey.Parse("p256:" + Key);
        var bytes = Convert.FromHexString(signature);
        Assert.NotNull(key.Verify(Signed, bytes));
        Assert.Equal(number == 4, bytes.Length == SignatureForm.Size);
        if (number == 4)
        {
            SignatureForm.Normalize(bytes);
            Assert.Equal(VerificationFailure.BadSignature, key.Verify(Signed, bytes)?.Failure);
        }
    }

    /// <summary>11 to 59: r and s of 0, 1, n, n-1, n+1, p and p+1.</summary>
    [Fact]
    public void Verify_OfAllPairsOfSpecialValues_IsRefused()
    {
        BigInteger[] values = [0, 1, N, N - 1, N + 1, P, P + 1];
        var key = PublicKey.Parse("p256:" + Key);
        foreach (var r in values)
        {
            foreach (var s in values)
            {
                Assert.NotNull(key.Verify(Signed, [.. Bytes(r), .. Bytes(s)]));
                Assert.NotNull(key.Verify(Signed, [.. Bytes(r), .. Bytes(s > N / 2 && s < N ? N - s : s)]));
            }
        }
    }

    private static BigInteger Hex(string digits) =>
        BigInteger.Parse("0" + digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static byte[] Bytes(BigInteger number) => Convert.FromHexString(
        number.ToString("x", CultureInfo.InvariantCulture).PadLeft(64, '0')[^64..]);
}
