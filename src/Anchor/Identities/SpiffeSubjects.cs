using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Names;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// Pods that prove themselves by the X.509 SVID of their connection, each against the bundle of its own trust domain
/// alone. Thread-safe.
/// </summary>
internal sealed class SpiffeSubjects
{
    private const int BytesMax = 16 * 1024;

    // An authority between the bundle and the SVID may end before both.
    private const long ChainLife = 60_000;

    private readonly ImmutableDictionary<string, Trusted> _domains;

    internal SpiffeSubjects(ImmutableArray<SpiffeDomain> domains, TimeProvider time, ILogger logger) =>
        _domains = domains.ToImmutableDictionary(
            domain => domain.Domain,
            domain => new Trusted(domain, Bundle(domain, time, logger), new Looks()),
            StringComparer.Ordinal);

    /// <summary>Reads the bundles, and says in the log which cannot be.</summary>
    internal void Read()
    {
        foreach (var domain in _domains.Values)
        {
            _ = domain.Bundle.Current;
        }
    }

    /// <summary>Whether any trust domain counts.</summary>
    internal bool IsEmpty => _domains.IsEmpty;

    /// <summary>Whether certificates held before.</summary>
    internal bool Recalls(Digest proof) => _domains.Values.Any(domain => domain.Looks.Recalls(proof));

    /// <summary>Who shows these certificates.</summary>
    internal Refusal? Identify(Caller caller, long now, long delta, out Identified? found)
    {
        found = null;
        var certificates = caller.Certificates;
        if (_domains.IsEmpty || certificates.Count == 0)
        {
            return Unknown("the key is not on file");
        }

        if (certificates.Any(one => one.Length > BytesMax))
        {
            return Unknown($"a certificate of more than {BytesMax} bytes");
        }

        X509Certificate2[] read = [];
        try
        {
            read = [.. certificates.Select(one => X509CertificateLoader.LoadCertificate(one.Span))];
            return Identify(read, caller.Proof, now, delta, out found);
        }
        catch (CryptographicException)
        {
            return Unknown("a certificate that cannot be read");
        }
        finally
        {
            foreach (var one in read)
            {
                one.Dispose();
            }
        }
    }

    private Refusal? Identify(X509Certificate2[] shown, Digest proof, long now, long delta, out Identified? found)
    {
        found = null;
        var id = SvidCertificate.IdentityOf(shown[0]);
        if (id is null || SpiffeId.TrustDomainOf(id) is not { } name)
        {
            return Unknown("the key is not on file, and the certificate is no X.509 SVID");
        }

        if (!_domains.TryGetValue(name, out var domain) || domain.Bundle.Current is not { } bundle)
        {
            return Unknown($"no bundle of the trust domain of {id}");
        }

        if (domain.Configured.SubjectOf(id) is not { } subject)
        {
            return Unknown($"{id} is nobody of this segment");
        }

        var until = new DateTimeOffset(shown[0].NotAfter.ToUniversalTime()).ToUnixTimeMilliseconds();
        if (now + delta >= until)
        {
            return Unknown($"the SVID of {id} has ended");
        }

        if (domain.Looks.Find(proof, bundle) is not { } known
            || known.Until <= now || known.Until > now + ChainLife)
        {
            var refusal = SvidCertificate.Check(
                shown[0], shown[1..], _ => true, one => one == name ? bundle : null, isServer: false,
                DateTimeOffset.FromUnixTimeMilliseconds(now));
            if (refusal is { } why)
            {
                return Unknown($"the SVID of {id}: {why}");
            }

            domain.Looks.Keep(proof, bundle, new Identified(subject, now + ChainLife));
        }

        found = new Identified(subject, until);
        return null;
    }

    private static RotatedFiles<TrustBundle> Bundle(SpiffeDomain domain, TimeProvider time, ILogger logger) =>
        new([domain.Bundle], SvidFiles.BytesMax, contents => ReadBundle(domain.Domain, contents[0]), time)
        {
            Renewed = bundle => IdentityLog.Read(
                logger, domain.Bundle, $"{bundle.Authorities.Length} authorities of {domain.Domain}"),
            Unreadable = reason => IdentityLog.Unreadable(logger, domain.Bundle, reason),
        };

    /// <summary>Reads a bundle's file.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static TrustBundle ReadBundle(string domain, byte[] content) =>
        TrustBundle.TryReadPem(domain, Encoding.UTF8.GetString(content), out var bundle)
            ? bundle
            : throw new FormatException("it holds no authorities, or something else");

    private static Refusal Unknown(string detail) => new(VerificationFailure.SubjectUnknown, "tls", detail);

    private sealed record Trusted(SpiffeDomain Configured, RotatedFiles<TrustBundle> Bundle, Looks Looks);
}
