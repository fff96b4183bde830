using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Identities;

namespace Fairlead.Sidecar.Proxy.Tls;

/// <summary>
/// Whether a certificate is that of an endpoint: an X.509 SVID whose one identity the verified answer gives the
/// endpoint, vouched for by that identity's own trust domain alone (V55). Stateless.
/// </summary>
internal static class EndpointCertificate
{
    /// <summary>Checks a certificate.</summary>
    /// <param name="certificate">What the endpoint showed; null for nothing.</param>
    /// <param name="sent">The certificates that came with it.</param>
    /// <param name="identities">The SPIFFE ids of which it must show one.</param>
    /// <param name="bundleOf">The bundle of a trust domain; null where there is none.</param>
    /// <param name="now">The moment for which it must be valid.</param>
    /// <returns>Null where it is the endpoint's.</returns>
    internal static CertificateRefusal? Check(
        X509Certificate2? certificate,
        IEnumerable<X509Certificate2> sent,
        ImmutableArray<string> identities,
        Func<string, TrustBundle?> bundleOf,
        DateTimeOffset now) =>
        SvidCertificate.Check(
            certificate, sent, identity => identities.Contains(identity, StringComparer.Ordinal), bundleOf,
            isServer: true, now);
}
