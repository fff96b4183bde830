using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Sidecar.Proxy.Tls;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>An authority of a trust domain, and whatever it is asked to sign.</summary>
internal sealed class CertificateAuthority
{
    internal const string ServerUse = "1.3.6.1.5.5.7.3.1";
    internal const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    internal CertificateAuthority(
        string domain, DateTimeOffset now, byte[]? serial = null, CertificateAuthority? parent = null,
        bool isAuthority = true)
    {
        Domain = domain;
        Now = now;
        var request = new CertificateRequest($"CN=authority of {domain}", _key, HashAlgorithmName.SHA256);
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

    internal string Domain { get; }

    internal DateTimeOffset Now { get; }

    internal X509Certificate2 Certificate { get; }

    internal TrustBundle Bundle =>
        TrustBundle.TryRead(Domain, [Certificate.RawDataMemory], out var bundle) ? bundle
            : throw new InvalidOperationException();

    /// <summary>A certificate with its key.</summary>
    internal X509Certificate2 Sign(
        string[] uris, string[]? uses = null, bool? isAuthority = false,
        X509KeyUsageFlags? usage = X509KeyUsageFlags.DigitalSignature,
        TimeSpan? from = null, TimeSpan? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
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

/// <summary>A pod's SVID in files, as a helper writes them.</summary>
internal sealed class SvidFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-svid-").FullName;

    internal SpiffePaths Paths =>
        new(Path.Combine(_folder, "svid.pem"), Path.Combine(_folder, "key.pem"), Path.Combine(_folder, "bundle.pem"));

    internal void Write(X509Certificate2 certificate, CertificateAuthority authority)
    {
        File.WriteAllText(Paths.Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(Paths.Key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Paths.Bundle, authority.Certificate.ExportCertificatePem());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
