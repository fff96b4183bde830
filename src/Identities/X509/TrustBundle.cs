using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fairlead.Identities;

/// <summary>
/// The authorities of one trust domain. Bundles of several domains are never merged (V55): a certificate is checked
/// against the one of the domain in its own identity. Immutable, thread-safe.
/// </summary>
public sealed class TrustBundle
{
    private const int CertificatesMax = 64;

    private TrustBundle(string domain, ImmutableArray<X509Certificate2> authorities)
    {
        Domain = domain;
        Authorities = authorities;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var one in authorities)
        {
            hash.AppendData(one.RawDataMemory.Span);
        }

        Digest = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The trust domain.</summary>
    public string Domain { get; }

    /// <summary>Its authorities.</summary>
    public ImmutableArray<X509Certificate2> Authorities { get; }

    /// <summary>What it holds, to tell two apart.</summary>
    public string Digest { get; }

    /// <summary>Reads certificates in DER, as a sealed bundle lists them.</summary>
    /// <returns>False where there is none, or one is no certificate of an authority.</returns>
    public static bool TryRead(
        string domain, IEnumerable<ReadOnlyMemory<byte>> certificates, [NotNullWhen(true)] out TrustBundle? bundle)
    {
        bundle = null;
        var read = ImmutableArray.CreateBuilder<X509Certificate2>();
        try
        {
            foreach (var der in certificates)
            {
                var one = X509CertificateLoader.LoadCertificate(der.Span);
                if (read.Count == CertificatesMax || !IsAuthority(one))
                {
                    return false;
                }

                read.Add(one);
            }
        }
        catch (CryptographicException)
        {
            return false;
        }

        bundle = read.Count > 0 ? new TrustBundle(domain, read.ToImmutable()) : null;
        return bundle is not null;
    }

    /// <summary>Reads a PEM file's text.</summary>
    /// <returns>False where it holds no certificate, or one that is no authority's.</returns>
    public static bool TryReadPem(string domain, string pem, [NotNullWhen(true)] out TrustBundle? bundle)
    {
        bundle = null;
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            return false;
        }

        return TryRead(domain, found.Select(one => (ReadOnlyMemory<byte>)one.RawDataMemory), out bundle);
    }

    // Else a leaf that got into a bundle would vouch for itself as its own root.
    private static bool IsAuthority(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(basic => basic.CertificateAuthority);
}
