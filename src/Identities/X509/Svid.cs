using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Naming.Names;

namespace Fairlead.Identities;

/// <summary>
/// One X.509 SVID with its own domain's bundle. Immutable, thread-safe. It is not disposed: handshakes that began with
/// it may outlive it, and its key goes with the last of them.
/// </summary>
public sealed class Svid
{
    private Svid(string identity, TrustBundle? bundle, X509Certificate2 leaf, X509Certificate2Collection between)
    {
        Identity = identity;
        Bundle = bundle;
        Leaf = leaf;
        Between = between;
        Context = SslStreamCertificateContext.Create(leaf, between, offline: true);
        Expires = leaf.NotAfter.ToUniversalTime();
    }

    /// <summary>The pod's SPIFFE id.</summary>
    public string Identity { get; }

    /// <summary>The authorities of its own trust domain; null where its owner asks nobody for a certificate.</summary>
    public TrustBundle? Bundle { get; }

    /// <summary>The certificate with its private key.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>The certificates between it and its authority.</summary>
    public X509Certificate2Collection Between { get; }

    /// <summary>What a handshake shows.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>Reads the files' texts.</summary>
    /// <param name="certificatePem">The certificate, and what is between it and its authority.</param>
    /// <param name="keyPem">Its private key.</param>
    /// <param name="bundlePem">The authorities of its own trust domain; null for none.</param>
    /// <exception cref="CryptographicException">They are not those of an SVID.</exception>
    public static Svid Read(string certificatePem, string keyPem, string? bundlePem)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(certificatePem);
        var leaf = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        if (SvidCertificate.IdentityOf(leaf) is not { } identity
            || SpiffeId.TrustDomainOf(identity) is not { } domain)
        {
            throw new CryptographicException(
                "the certificate is no X.509 SVID: it needs exactly one URI name, a SPIFFE id");
        }

        TrustBundle? bundle = null;
        if (bundlePem is not null && !TrustBundle.TryReadPem(domain, bundlePem, out bundle))
        {
            throw new CryptographicException("the bundle holds no authorities, or something else");
        }

        return new Svid(identity, bundle, leaf, new X509Certificate2Collection(all.Skip(1).ToArray()));
    }
}
