using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Naming.Names;

namespace Fairlead.Sidecar.Proxy.Tls;

/// <summary>The files of a pod's X.509 SVID, as SPIFFE helpers and CSI drivers write them. Immutable.</summary>
/// <param name="Certificate">The certificate and what is between it and its authority, PEM.</param>
/// <param name="Key">Its private key, PEM.</param>
/// <param name="Bundle">The authorities of the pod's own trust domain, PEM.</param>
internal sealed record SpiffePaths(string Certificate, string Key, string Bundle);

/// <summary>
/// One X.509 SVID with its own domain's bundle. Immutable, thread-safe. It is not disposed: handshakes that began with
/// it may outlive it, and its key goes with the last of them.
/// </summary>
internal sealed class Svid
{
    private Svid(string identity, TrustBundle bundle, SslStreamCertificateContext context, DateTimeOffset expires) =>
        (Identity, Bundle, Context, Expires) = (identity, bundle, context, expires);

    /// <summary>The pod's SPIFFE id.</summary>
    internal string Identity { get; }

    /// <summary>The authorities of its own trust domain.</summary>
    internal TrustBundle Bundle { get; }

    /// <summary>What a handshake shows.</summary>
    internal SslStreamCertificateContext Context { get; }

    /// <summary>When it ends.</summary>
    internal DateTimeOffset Expires { get; }

    /// <summary>Reads the files' texts.</summary>
    /// <exception cref="CryptographicException">They are not those of an SVID.</exception>
    internal static Svid Read(string certificatePem, string keyPem, string bundlePem)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(certificatePem);
        var leaf = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        if (EndpointCertificate.IdentityOf(leaf) is not { } identity
            || SpiffeId.TrustDomainOf(identity) is not { } domain)
        {
            throw new CryptographicException(
                "the certificate is no X.509 SVID: it needs exactly one URI name, a SPIFFE id");
        }

        if (!TrustBundle.TryReadPem(domain, bundlePem, out var bundle))
        {
            throw new CryptographicException("the bundle holds no authorities, or something else");
        }

        var between = new X509Certificate2Collection(all.Skip(1).ToArray());
        return new Svid(
            identity,
            bundle,
            SslStreamCertificateContext.Create(leaf, between, offline: true),
            leaf.NotAfter.ToUniversalTime());
    }
}
