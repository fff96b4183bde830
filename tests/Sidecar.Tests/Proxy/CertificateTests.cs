using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy.Tls;
using Fairlead.TestKit;

namespace Fairlead.Sidecar.Tests.Proxy;

public sealed class CertificateTests
{
    private const string Domain = "us1.internal";
    private const string Identity = "spiffe://us1.internal/ns/shop/sa/checkout";

    private static readonly DateTimeOffset Now = new ManualTimeProvider().GetUtcNow();
    private readonly CertificateAuthority _authority = new(Domain, Now);

    public static TheoryData<string, CertificateRefusalName?> Cases() => new()
    {
        { "good", null },
        { "no EKU", null },
        { "no key usage, no basic constraints", null },
        { "no certificate", CertificateRefusalName.Missing },
        { "wrong SAN", CertificateRefusalName.WrongIdentity },
        { "SAN that differs in case", CertificateRefusalName.WrongIdentity },
        { "SAN with the expected one as prefix", CertificateRefusalName.WrongIdentity },
        { "no URI, the right DNS name", CertificateRefusalName.NotAnSvid },
        { "two URIs, the right one first", CertificateRefusalName.NotAnSvid },
        { "a URI that is no SPIFFE id", CertificateRefusalName.NotAnSvid },
        { "an authority's own", CertificateRefusalName.NotAnSvid },
        { "may sign certificates", CertificateRefusalName.NotAnSvid },
        { "expired", CertificateRefusalName.OutOfTime },
        { "not yet", CertificateRefusalName.OutOfTime },
        { "for clients only", CertificateRefusalName.WrongUse },
        { "not for signatures", CertificateRefusalName.WrongUse },
        { "wrong CA", CertificateRefusalName.UnknownAuthority },
        { "CA of the same name and serial number", CertificateRefusalName.UnknownAuthority },
        { "CA of another domain that is known too", CertificateRefusalName.UnknownAuthority },
        { "self-signed", CertificateRefusalName.UnknownAuthority },
        { "signed by a leaf of the right CA", CertificateRefusalName.UnknownAuthority },
        { "no bundle of its domain", CertificateRefusalName.NoBundle },
        { "through an intermediate", null },
        { "through an intermediate that is in the bundle alone", null },
        { "after its authority's end", CertificateRefusalName.UnknownAuthority },
    };

    /// <summary>The refusals by name, so that a public test may list them.</summary>
    public enum CertificateRefusalName
    {
        Missing,
        NotAnSvid,
        WrongIdentity,
        NoBundle,
        OutOfTime,
        WrongUse,
        UnknownAuthority,
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Certificate_OfAnEndpoint_IsTheVerifiedIdentitysOwn(string what, CertificateRefusalName? expected)
    {
        var (certificate, sent, bundles, now) = Build(what);
        var refusal = EndpointCertificate.Check(
            certificate, sent, [Identity, "spiffe://us1.internal/other"], domain =>
                bundles.GetValueOrDefault(domain), now);
        Assert.Equal(expected?.ToString(), refusal?.ToString());
    }

    [Fact]
    public void Bundle_WithALeafInIt_IsNone()
    {
        Assert.False(TrustBundle.TryRead(Domain, [_authority.Sign([Identity]).RawDataMemory], out _));
        Assert.False(TrustBundle.TryRead(Domain, [], out _));
        Assert.False(TrustBundle.TryRead(Domain, [new byte[] { 1, 2, 3 }], out _));
    }

    [Fact]
    public void Files_ThatRotate_AreReadAnewAndHalfWrittenOnesAreNot()
    {
        var time = new ManualTimeProvider();
        using var folder = new SvidFolder();
        var (first, second) = (_authority.Sign([Identity]), _authority.Sign([Identity]));
        var files = new SvidFiles(folder.Paths, time);
        Assert.Null(files.Current);

        folder.Write(first, _authority);
        Assert.Null(files.Current);
        time.Advance(TimeSpan.FromSeconds(1));
        var held = files.Current;
        Assert.Equal(Identity, held?.Identity);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(held, files.Current);

        // The certificate is there, its key not yet.
        File.WriteAllText(folder.Paths.Certificate, second.ExportCertificatePem());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(held, files.Current);

        folder.Write(second, _authority);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(second.Thumbprint, files.Current?.Context.TargetCertificate.Thumbprint);

        File.Delete(folder.Paths.Key);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(second.Thumbprint, files.Current?.Context.TargetCertificate.Thumbprint);
    }

    /// <summary>Connections to anchors need a key on P-256: a renewal without one is said, and said once.</summary>
    [Fact]
    public void Proof_RenewedWithAKeyThatIsNotOnP256_IsSaidAndTheOneBeforeIsShownOn()
    {
        var time = new ManualTimeProvider();
        var said = new List<string>();
        using var folder = new SvidFolder();
        folder.Write(_authority.Sign([Identity]), _authority);
        var proof = new SvidProof(new SvidFiles(folder.Paths, time), said.Add);
        var shown = proof.Current;
        folder.Write(_authority.Sign([Identity], curve: ECCurve.NamedCurves.nistP384), _authority);
        for (var i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Same(shown, proof.Current);
        }

        Assert.Contains("no P-256 key", Assert.Single(said), StringComparison.Ordinal);
        folder.Write(_authority.Sign([Identity]), _authority);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotSame(shown, proof.Current);
    }

    private (X509Certificate2? Certificate, X509Certificate2[] Sent, ImmutableDictionary<string, TrustBundle> Bundles,
        DateTimeOffset Now)
        Build(string what)
    {
        string[] right = [Identity];
        var bundles = ImmutableDictionary<string, TrustBundle>.Empty.Add(Domain, _authority.Bundle);
        var foreign = new CertificateAuthority("eu1.internal", Now);
        return what switch
        {
            "good" => Of(_authority.Sign(right)),
            "no EKU" => Of(_authority.Sign(right, uses: [])),
            "no key usage, no basic constraints" => Of(_authority.Sign(right, isAuthority: null, usage: null)),
            "no certificate" => Of(null),
            "wrong SAN" => Of(_authority.Sign(["spiffe://us1.internal/ns/shop/sa/cart"])),
            "SAN that differs in case" => Of(_authority.Sign(["spiffe://us1.internal/ns/shop/sa/Checkout"])),
            "SAN with the expected one as prefix" => Of(_authority.Sign([Identity + "2"])),
            "no URI, the right DNS name" => Of(_authority.Sign([])),
            "two URIs, the right one first" => Of(_authority.Sign([Identity, "spiffe://us1.internal/other"])),
            "a URI that is no SPIFFE id" => Of(_authority.Sign(["https://us1.internal/ns/shop/sa/checkout"])),
            "an authority's own" => Of(_authority.Sign(right, isAuthority: true)),
            "may sign certificates" => Of(
                _authority.Sign(right, usage: X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign)),
            "expired" => Of(_authority.Sign(right, from: TimeSpan.FromHours(-2), until: TimeSpan.FromSeconds(-1))),
            "not yet" => Of(_authority.Sign(right, from: TimeSpan.FromSeconds(2))),
            "for clients only" => Of(_authority.Sign(right, uses: [CertificateAuthority.ClientUse])),
            "not for signatures" => Of(_authority.Sign(right, usage: X509KeyUsageFlags.NonRepudiation)),
            "wrong CA" => Of(new CertificateAuthority("evil.internal", Now).Sign(right)),
            "CA of the same name and serial number" => Impostor(new CertificateAuthority(
                Domain, Now, _authority.Certificate.SerialNumberBytes.ToArray())),
            "CA of another domain that is known too" => (foreign.Sign(right), [foreign.Certificate],
                bundles.Add("eu1.internal", foreign.Bundle), Now),
            "self-signed" => Of(SelfSigned()),
            "signed by a leaf of the right CA" => ByALeaf(),
            "no bundle of its domain" => (_authority.Sign(right), [], bundles.Remove(Domain), Now),
            "through an intermediate" => Through(new CertificateAuthority("between", Now, parent: _authority)),
            "through an intermediate that is in the bundle alone" => IntermediateAlone(),
            "after its authority's end" => (
                _authority.Sign(right, until: TimeSpan.FromDays(90)), [], bundles, Now.AddDays(31)),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, "no case"),
        };

        (X509Certificate2?, X509Certificate2[], ImmutableDictionary<string, TrustBundle>, DateTimeOffset) Of(
            X509Certificate2? one) =>
            (one, [], bundles, Now);

        (X509Certificate2?, X509Certificate2[], ImmutableDictionary<string, TrustBundle>, DateTimeOffset) Impostor(
            CertificateAuthority impostor) => (impostor.Sign(right), [impostor.Certificate], bundles, Now);

        (X509Certificate2?, X509Certificate2[], ImmutableDictionary<string, TrustBundle>, DateTimeOffset) Through(
            CertificateAuthority between) => (between.Sign(right), [between.Certificate], bundles, Now);

        (X509Certificate2?, X509Certificate2[], ImmutableDictionary<string, TrustBundle>, DateTimeOffset) ByALeaf()
        {
            var leaf = new CertificateAuthority("leaf", Now, parent: _authority, isAuthority: false);
            return (leaf.Sign(right), [leaf.Certificate], bundles, Now);
        }

        (X509Certificate2?, X509Certificate2[], ImmutableDictionary<string, TrustBundle>,
            DateTimeOffset) IntermediateAlone()
        {
            var between = new CertificateAuthority("between", Now, parent: _authority);
            Assert.True(TrustBundle.TryRead(Domain, [between.Certificate.RawDataMemory], out var bundle));
            return (between.Sign(right), [], bundles.SetItem(Domain, bundle), Now);
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = System.Security.Cryptography.ECDsa.Create();
        var request = new CertificateRequest("CN=me", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(Identity));
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(Now.AddHours(-1), Now.AddHours(1));
    }
}
