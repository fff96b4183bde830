using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Identities;

namespace Fairlead.TestKit;

/// <summary>An authority of a trust domain, and whatever it is asked to sign.</summary>
public sealed class CertificateAuthority
{
    /// <summary>Of a server.</summary>
    public const string ServerUse = "1.3.6.1.5.5.7.3.1";
    /// <summary>Of a client.</summary>
    public const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public CertificateAuthority(
        string domain, DateTimeOffset now, byte[]? serial = null, CertificateAuthority? parent = null,
        bool isAuthority = true)
    {
        Domain = domain;
        Now = now;
        var request = new CertificateRequest(
            parent is null ? $"CN=authority of {domain}" : $"CN=below the authority of {domain}",
            _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        if (isAuthority)
        {
            request.CertificateExtensions.Add(
                new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        }

        var issuer = parent is null ? new X500DistinguishedName(request.SubjectName) : parent.Certificate.SubjectName;
        var generator = X509SignatureGenerator.CreateForECDsa(parent?._key ?? _key);
        Certificate = request.Create(
            issuer, generator, now.AddDays(-1), now.AddDays(30), serial ?? RandomNumberGenerator.GetBytes(8));
    }

    public string Domain { get; }

    public DateTimeOffset Now { get; }

    public X509Certificate2 Certificate { get; }

    public TrustBundle Bundle =>
        TrustBundle.TryRead(Domain, [Certificate.RawDataMemory], out var bundle) ? bundle
            : throw new InvalidOperationException();

    /// <summary>A certificate with its key.</summary>
    public X509Certificate2 Sign(
        string[] uris, string[]? uses = null, bool? isAuthority = false,
        X509KeyUsageFlags? usage = X509KeyUsageFlags.DigitalSignature,
        TimeSpan? from = null, TimeSpan? until = null, ECCurve? curve = null)
    {
        using var key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=SPIFFE", key, HashAlgorithmName.SHA256);
        if (isAuthority is { } authority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        }

        if (usage is { } allowed)
        {
            request.CertificateExtensions.Add(new X509KeyUsageExtension(allowed, true));
        }

        if (uses is null || uses.Length > 0)
        {
            var all = new OidCollection();
            foreach (var use in uses ?? [ServerUse, ClientUse])
            {
                all.Add(new Oid(use));
            }

            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(all, false));
        }

        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("anything.example");
        names.AddIpAddress(IPAddress.Loopback);
        foreach (var uri in uris)
        {
            names.AddUri(new Uri(uri));
        }

        request.CertificateExtensions.Add(names.Build());
        using var bare = request.Create(
            Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(
                _key), Now + (from ?? TimeSpan.FromHours(-1)),
            Now + (until ?? TimeSpan.FromHours(1)), RandomNumberGenerator.GetBytes(8));
        return bare.CopyWithPrivateKey(key);
    }
}
