using System.Security.Cryptography;

namespace Fairlead.Naming;

/// <summary>
/// A point of P-256 as the platform's library wants it to check signatures. Holds nothing secret. Thread-safe: one
/// check at a time. Never disposed by whoever shares it: its handle goes with the last that holds it.
/// </summary>
internal sealed class ImportedKey
{
    private readonly Lock _gate = new();
    private readonly ECDsa _key;

    /// <summary>Imports 04, X, Y, which were found to be on the curve.</summary>
    internal ImportedKey(ReadOnlySpan<byte> point) => _key = ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..65].ToArray() },
    });

    /// <summary>Whether r and s (32 bytes each) are this key's signature of a hash.</summary>
    internal bool Verify(ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        // ECDsa promises no concurrent use of one instance.
        lock (_gate)
        {
            return _key.VerifyHash(hash, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }
}
