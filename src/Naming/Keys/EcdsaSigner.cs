using System.Security.Cryptography;

namespace Fairlead.Naming;

/// <summary>A signer over a P-256 key in memory. Thread-safe. Owns the key.</summary>
public sealed class EcdsaSigner : ISigner, IDisposable
{
    private readonly ECDsa _key;
    private readonly Lock _gate = new();

    /// <summary>Takes over a private key.</summary>
    /// <exception cref="ArgumentException">Not a P-256 key.</exception>
    public EcdsaSigner(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var parameters = key.ExportParameters(includePrivateParameters: false);
        Span<byte> point = stackalloc byte[PublicKey.PointBytes];
        point[0] = 4;
        if (!parameters.Curve.IsNamed
            || parameters.Q.X is not { Length: 32 } x
            || parameters.Q.Y is not { Length: 32 } y)
        {
            throw new ArgumentException("not a P-256 key", nameof(key));
        }

        x.CopyTo(point[1..]);
        y.CopyTo(point[33..]);
        _key = key;
        Key = PublicKey.TryFromPoint(point, out var known, out _)
            ? known
            : throw new ArgumentException("not a P-256 key", nameof(key));
    }

    /// <inheritdoc/>
    public PublicKey Key { get; }

    /// <inheritdoc/>
    public byte[] Sign(Digest digest)
    {
        Span<byte> hash = stackalloc byte[Digest.Size];
        digest.CopyTo(hash);
        var signature = new byte[SignatureForm.Size];
        lock (_gate)
        {
            _key.TrySignHash(hash, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, out _);
        }

        SignatureForm.Normalize(signature);
        return signature;
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
