using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fairlead.Rpc;

/// <summary>
/// A P-256 key as one side of a TLS connection: a self-made certificate, held in memory, of which the other side reads
/// the point only (V63). Thread-safe. Owns a copy of the key; dispose after every server and channel that uses it.
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

    /// <summary>The public point, 65 bytes, <c>04||X||Y</c>. A shared array: do not change it.</summary>
    public byte[] PublicKey { get; }

    internal X509Certificate2 Certificate { get; }

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();
}
