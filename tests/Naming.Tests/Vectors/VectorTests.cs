using System.Globalization;
using System.Numerics;
using System.Text;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Vectors;

/// <summary>The vectors of trust 4.0: computed elsewhere, so that a shared mistake of writer and reader
/// shows.</summary>
public sealed class VectorTests
{
    private const string KeyText =
        "p256:045180eba582dda2fc69fa3184c9ac54239f90fe351da72c6ea2569579e93f0b0e"
        + "61c26aab321410dd8cef20ed10f1e2bb3cc12dc1af3708e1e88fcfb399d24634";

    private static readonly Digest ConsentDigest =
        Digest.Parse("b04c662e37b0abdb9388a8f4c9e0fcb702a3d1de99daf2f1984d6f08c4c0f1b9");

    private static readonly Digest Genesis = Digest.Parse(string.Concat(Enumerable.Repeat("22", 32)));
    private static readonly Hex16 Salt = Hex16.Parse(string.Concat(Enumerable.Repeat("33", 16)));

    private static readonly byte[] Consent = Encoding.ASCII.GetBytes(
        $$"""{"digest":"{{new string('1', 64)}}","epoch":1,"segment":"{{new string('2', 64)}}"}""");

    [Fact]
    public void Key_One_HasTheTextAndKidOfTheVector()
    {
        Assert.Equal(KeyText, TestKeys.Key(1).Text);
        Assert.Equal(
            "e96f5eed70a734daf01550dfebe61ad4152429cafcf8ad9bdb27fa2d92208bdc", TestKeys.Key(1).Kid.ToString());
    }

    [Fact]
    public void Consent_Parsed_HasTheDigestOfTheVector()
    {
        Assert.Equal(164, Consent.Length);
        Assert.True(Document.TryParse<Consent>(Consent, out var parsed, out var refusal), refusal?.ToString());
        Assert.Equal(ConsentDigest, parsed.Digest);
        Assert.Equal(1, parsed.Value.Epoch);
    }

    [Fact]
    public void Signature_Rfc6979_Verifies()
    {
        var signature = Convert.FromHexString(
            "f7b8ea83fe7aaba7dbb3ba8335c9dfd17a6b4f552658d446a078283cd1b28fdd"
            + "726415690acbcf1ee0f76a10a159989261bcf17e2394fc8e617ba6a6da499806");
        Assert.Null(PublicKey.Parse(KeyText).Verify(ConsentDigest, signature));
        signature[63] ^= 1;
        Assert.Equal(
            VerificationFailure.BadSignature, PublicKey.Parse(KeyText).Verify(ConsentDigest, signature)?.Failure);
    }

    /// <summary>The example of DSSE's protocol text (version 1.0.0): the encoding that is signed, and its
    /// signature.</summary>
    [Fact]
    public void Dsse_HelloWorld_IsTheStandardsVector()
    {
        var type = new DocumentType("example", "http://example.com/HelloWorld", 1024, 1024);
        var digest = type.DigestOf("hello world"u8);
        Assert.Equal(Digest.Sha256("DSSEv1 29 http://example.com/HelloWorld 11 hello world"u8), digest);

        var key = PublicKey.Parse("p256:04"
            + Coordinate("46950820868899156662930047687818585632848591499744589407958293238635476079160")
            + Coordinate("5640078356564379163099075877009565129882514886557779369047442380624545832820"));
        var signature = Convert.FromBase64String(
            "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==");
        Assert.Null(key.Verify(digest, signature));
        Assert.Equal(
            VerificationFailure.BadSignature, key.Verify(type.DigestOf("hello worle"u8), signature)?.Failure);
    }

    [Theory]
    [InlineData(LeafClass.Record, "cart.shop.svc", "67ffc3b2749d1b5a810e4a3bcebae605c1de686f177dd5d4b25ed0f75cc2e6e2")]
    [InlineData(
        LeafClass.Record, "checkout.shop.svc", "949d2309373dda024dac1de9d6a741eaeb8ccd80006b5e3a31611eb6eb30373c")]
    [InlineData(LeafClass.Link, "us1", "7e5f36259b94a99cc8f5302744b6dfc4b9c749e2589ea3194d2ed147f21bb139")]
    public void TreeKey_OfVectorNames_IsTheVectors(LeafClass leafClass, string name, string key) =>
        Assert.Equal(key, Hashes.TreeKey(Genesis, Salt, leafClass, name).ToString());

    [Theory]
    [InlineData("absent.shop.svc", "d1f709")]
    [InlineData("b.shop.svc", "0f2526")]
    public void TreeKey_OfAbsentNames_StartsAsTheVectors(string name, string start) =>
        Assert.StartsWith(
            start, Hashes.TreeKey(Genesis, Salt, LeafClass.Record, name).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Subject_ShopFrontend_IsTheVectors() =>
        Assert.Equal(
            "efd9e1f235f3a7320d4912a7b953037c1715f42b4d4798999786cda0aa4e3d9e",
            Hashes.Subject(Genesis, new Subject { Namespace = "shop", Account = "frontend" }).ToString());

    private static string Coordinate(string number) =>
        BigInteger.Parse(number, CultureInfo.InvariantCulture).ToString("x64", CultureInfo.InvariantCulture)[^64..];
}
