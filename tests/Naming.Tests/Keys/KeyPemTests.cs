using System.Security.Cryptography;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Keys;

public sealed class KeyPemTests
{
    [Fact]
    public void TryParse_OfAWrittenKey_SignsAsIt()
    {
        using var ecdsa = TestKeys.Ecdsa(1);
        Assert.True(KeyPem.TryParse(KeyPem.Format(ecdsa), out var signer, out _));
        Assert.Equal(TestKeys.Key(1), signer.Key);
        Assert.Null(TestKeys.Key(1).Verify(default, signer.Sign(default)));
        signer.Dispose();
    }

    [Fact]
    public void TryParse_OfAnythingElse_SaysWhatItIsNot()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        using var good = TestKeys.Ecdsa(1);
        Assert.Equal("not a P-256 key", Error(p384.ExportPkcs8PrivateKeyPem()));
        Assert.Equal("not a P-256 key", Error(rsa.ExportPkcs8PrivateKeyPem()));
        Assert.Equal("not PKCS#8 PEM (BEGIN PRIVATE KEY)", Error(good.ExportECPrivateKeyPem()));
        Assert.Equal("not PKCS#8 PEM (BEGIN PRIVATE KEY)", Error(good.ExportSubjectPublicKeyInfoPem()));
        Assert.Equal("not PKCS#8 PEM (BEGIN PRIVATE KEY)", Error(""));
        Assert.Equal("more than one PKCS#8 key", Error(KeyPem.Format(good) + KeyPem.Format(good)));
        Assert.Equal("not a P-256 key", Error("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
    }

    private static string Error(string pem)
    {
        Assert.False(KeyPem.TryParse(pem, out _, out var error));
        return error;
    }
}
