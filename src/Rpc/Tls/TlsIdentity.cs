using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fairlead.Rpc;

/// <summary>
/// A P-256 key as one side of a TLS connection: a self-made certificate, held in memory, of which the other side reads
/// the point only (V63), or one that an authority made, which a server may look at besides (V50). Thread-safe. Owns a
/// copy of the key of a self-made one; dispose after every server and channel that uses it.
/// </summary>
public sealed class TlsIdentity : IDisposable
{
    private static readonly TimeSpan Past = TimeSpan.FromDays(1);
    private static readonly TimeSpan Future = TimeSpan.FromDays(3650);

    /// <summary>Makes the certificate, dated by <paramref name="timeProvider"/>.</summary>
    /// <param name="key">A P-256 key pair; throws <see cref="ArgumentException"/> for another curve or a public
    /// key.</param>
    /// <param name="timeProvider">The clock of the certificate's dates, which nobody here checks.</param>
    public TlsIdentity(ECDsa key, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(timeProvider);
        PublicKey = P256Point.Of(key) ?? throw new ArgumentException("The key is not a P-256 key.", nameof(key));
        var request = new CertificateRequest("CN=fairlead", key, HashAlgorithmName.SHA256);
        var now = timeProvider.GetUtcNow();
        Certificate = request.CreateSelfSigned(now - Past, now + Future);
    }

    /// <summary>A certificate of somebody else's making, as a client shows it together with what is between it and its
    /// authority. It stays the caller's; disposing this does nothing.</summary>
    /// <param name="certificate">The certificate with its P-256 key; throws <see cref="ArgumentException"/> for another
    /// one.</param>
    /// <param name="context">The certificate as handshakes show it.</param>
    public TlsIdentity(X509Certificate2 certificate, SslStreamCertificateContext context)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        PublicKey = P256Point.Of(certificate)
            ?? throw new ArgumentException("The key is not a P-256 key.", nameof(certificate));
        Certificate = certificate;
        Context = context;
    }

    /// <summary>The public point, 65 bytes, <c>04||X||Y</c>. A shared array: do not change it.</summary>
    public byte[] PublicKey { get; }

    internal X509Certificate2 Certificate { get; }

    /// <summary>What a handshake shows of a certificate that is not self-made; null for one that is.</summary>
    internal SslStreamCertificateContext? Context { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Context is null)
        {
            Certificate.Dispose();
        }
    }
}
