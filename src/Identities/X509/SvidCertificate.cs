using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Naming.Names;

namespace Fairlead.Identities;

/// <summary>
/// Whether a certificate is an X.509 SVID that one trust domain vouches for (X509-SVID 2-5): its one URI is a SPIFFE
/// id, and an authority of that id's own trust domain, and of no other, signed it (V55). Host names, the system's
/// authorities and revocation lists have no part in it. Stateless.
/// </summary>
public static class SvidCertificate
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Checks a certificate.</summary>
    /// <param name="certificate">What was shown; null for nothing.</param>
    /// <param name="sent">The certificates that came with it.</param>
    /// <param name="admits">Whether an identity is one that is expected.</param>
    /// <param name="bundleOf">The bundle of a trust domain; null where there is none.</param>
    /// <param name="isServer">Whether the one that showed it took the connection; else it made it.</param>
    /// <param name="now">The moment for which it must be valid.</param>
    /// <returns>Null where it holds.</returns>
    public static CertificateRefusal? Check(
        X509Certificate2? certificate,
        IEnumerable<X509Certificate2> sent,
        Func<string, bool> admits,
        Func<string, TrustBundle?> bundleOf,
        bool isServer,
        DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(admits);
        ArgumentNullException.ThrowIfNull(bundleOf);
        if (certificate is null)
        {
            return CertificateRefusal.Missing;
        }

        if (IdentityOf(certificate) is not { } identity || SpiffeId.TrustDomainOf(identity) is not { } domain)
        {
            return CertificateRefusal.NotAnSvid;
        }

        if (!admits(identity))
        {
            return CertificateRefusal.WrongIdentity;
        }

        if (bundleOf(domain) is not { } bundle || bundle.Domain != domain)
        {
            return CertificateRefusal.NoBundle;
        }

        if (now < certificate.NotBefore.ToUniversalTime() || now > certificate.NotAfter.ToUniversalTime())
        {
            return CertificateRefusal.OutOfTime;
        }

        return MayBeUsed(certificate, isServer ? ServerAuthentication : ClientAuthentication)
            ? Chain(certificate, sent, bundle, now)
            : CertificateRefusal.WrongUse;
    }

    /// <summary>The one URI among a leaf certificate's names; null where it is not one, or the certificate no leaf
    /// (X509-SVID 2, 4).</summary>
    public static string? IdentityOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var mayAct = certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(
            basic => basic.CertificateAuthority)
            || certificate.Extensions.OfType<X509KeyUsageExtension>()
                .Any(usage => (usage.KeyUsages & (X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign)) != 0);
        var names = certificate.Extensions.Where(one => one.Oid?.Value == SubjectAlternativeName).ToList();
        if (mayAct || names.Count != 1)
        {
            return null;
        }

        try
        {
            var uris = UrisOf(names[0].RawData);
            return uris.Count == 1 ? uris[0] : null;
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            return null;
        }
    }

    // What is absent restricts nothing (RFC 5280 4.2.1.3, 4.2.1.12; X509-SVID 4.4: extended uses should be there).
    private static bool MayBeUsed(X509Certificate2 certificate, string purpose) =>
        certificate.Extensions.OfType<X509KeyUsageExtension>()
            .All(usage => (usage.KeyUsages & X509KeyUsageFlags.DigitalSignature) != 0)
        && certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
            .All(uses => uses.EnhancedKeyUsages.Cast<Oid>().Any(use => use.Value == purpose));

    // One authority at a time: two of one name, as while a trust domain changes its key, would hide each other.
    private static CertificateRefusal? Chain(
        X509Certificate2 certificate, IEnumerable<X509Certificate2> sent, TrustBundle bundle, DateTimeOffset now)
    {
        var all = sent.ToArray();
        var issuers = all.Prepend(certificate).Select(one => one.IssuerName.RawData).ToList();
        return bundle.Authorities
            .Where(authority => issuers.Exists(name => name.AsSpan().SequenceEqual(authority.SubjectName.RawData)))
            .Any(authority => Vouches(authority, certificate, all, now))
                ? null
                : CertificateRefusal.UnknownAuthority;
    }

    private static bool Vouches(
        X509Certificate2 authority, X509Certificate2 certificate, X509Certificate2[] sent, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;

        // A bundle may hold an intermediate authority that is trusted by itself: then the chain need not reach a root.
        // What the flag lets pass besides, a chain to a stranger, ends below; all else that is wrong still fails the
        // building.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority
            | X509VerificationFlags.IgnoreCertificateAuthorityRevocationUnknown;
        return chain.Build(certificate)
            && chain.ChainElements.Skip(1).Any(element => IsSame(authority, element.Certificate));
    }

    // By every byte: the class's own equality looks at issuer and serial number alone, which an impostor can repeat.
    private static bool IsSame(X509Certificate2 left, X509Certificate2 right) =>
        left.RawDataMemory.Span.SequenceEqual(right.RawDataMemory.Span);

    private static List<string> UrisOf(byte[] extension)
    {
        const int UriTag = 6;
        var uris = new List<string>();
        var reader = new AsnReader(extension, AsnEncodingRules.DER);
        var names = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        while (names.HasData)
        {
            var tag = names.PeekTag();
            if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue == UriTag)
            {
                uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
            }
            else
            {
                names.ReadEncodedValue();
            }
        }

        return uris;
    }
}
