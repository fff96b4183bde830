using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Fairlead.Naming;

/// <summary>
/// A P-256 public key: an uncompressed point on nistP256 and nothing else, so that no curve parameters, no other curve
/// and no second form of one key can be smuggled in (V4). Equal by kid. Immutable, thread-safe.
/// </summary>
public sealed class PublicKey : IEquatable<PublicKey>
{
    /// <summary>Bytes of a point: 04, X, Y.</summary>
    public const int PointBytes = 65;

    /// <summary>What every key text starts with: the algorithm lives in the key, never in an envelope.</summary>
    public const string Prefix = "p256:";

    private readonly byte[] _point;
    private ImportedKey? _imported;
    private bool _kept;

    private PublicKey(byte[] point)
    {
        _point = point;
        Text = Prefix + Convert.ToHexStringLower(point);
        Kid = Digest.Sha256(Encoding.ASCII.GetBytes(Text));
    }

    /// <summary><c>p256:</c> and 130 lower-case hexadecimal digits of 04, X, Y.</summary>
    public string Text { get; }

    /// <summary>The key's id: SHA-256 of <see cref="Text"/>.</summary>
    public Digest Kid { get; }

    /// <summary>04, X, Y: 65 bytes.</summary>
    public ReadOnlySpan<byte> Point => _point;

    /// <summary>What its signatures are checked with; null before the first.</summary>
    internal ImportedKey? Imported => Volatile.Read(ref _imported);

    /// <summary>Reads a key text; <c>BadKey</c> for anything but a point of P-256 in its one form.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out PublicKey? key, [NotNullWhen(false)] out Refusal? refusal)
    {
        Span<byte> point = stackalloc byte[PointBytes];
        if (text is not null
            && text.StartsWith(Prefix, StringComparison.Ordinal)
            && LowerHex.TryDecode(text.AsSpan(Prefix.Length), point))
        {
            return TryFromPoint(point, out key, out refusal);
        }

        key = null;
        refusal = new Refusal(VerificationFailure.BadKey, "", "not p256: and 130 lower-case hexadecimal digits");
        return false;
    }

    /// <summary>Takes 65 bytes of an uncompressed point, as a TLS certificate holds it; else <c>BadKey</c>.</summary>
    public static bool TryFromPoint(
        ReadOnlySpan<byte> point, [NotNullWhen(true)] out PublicKey? key, [NotNullWhen(false)] out Refusal? refusal)
    {
        key = P256.IsPoint(point) ? new PublicKey(point.ToArray()) : null;
        refusal = key is null ? new Refusal(VerificationFailure.BadKey, "", "not a point of P-256") : null;
        return key is not null;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not a key text.</exception>
    public static PublicKey Parse(string text) =>
        TryParse(text, out var key, out var refusal) ? key : throw new FormatException(refusal.Detail);

    /// <summary>Checks one signature: its form (V5 <c>BadSignatureEncoding</c>), then its truth (<c>BadSignature</c>).
    /// A point is imported at its first use in the process, and again only where it was forgotten since.</summary>
    /// <param name="digest">The hash that was signed: a document's digest.</param>
    /// <param name="signature">r and s, 32 bytes each, big-endian.</param>
    public Refusal? Verify(in Digest digest, ReadOnlySpan<byte> signature)
    {
        if (SignatureForm.Check(signature) is { } refusal)
        {
            return refusal;
        }

        Span<byte> hash = stackalloc byte[Digest.Size];
        digest.CopyTo(hash);
        var imported = Import();
        if (!imported.Verify(hash, signature))
        {
            return new Refusal(VerificationFailure.BadSignature, "", $"no signature of key {Kid}");
        }

        if (!Volatile.Read(ref _kept))
        {
            ImportedKeys.Process.Keep(Kid, imported);
            Volatile.Write(ref _kept, true);
        }

        return null;
    }

    /// <inheritdoc/>
    public bool Equals(PublicKey? other) => other is not null && Kid == other.Kid;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => Kid.GetHashCode();

    /// <summary>Whether both are the same point, or both null.</summary>
    public static bool operator ==(PublicKey? left, PublicKey? right) => left?.Kid == right?.Kid;

    /// <summary>Whether they are different points.</summary>
    public static bool operator !=(PublicKey? left, PublicKey? right) => left?.Kid != right?.Kid;

    /// <summary>The key text.</summary>
    public override string ToString() => Text;

    // Two threads may both import, which costs time and nothing else: the first one's stays.
    private ImportedKey Import()
    {
        if (Imported is { } known)
        {
            return known;
        }

        var imported = ImportedKeys.Process.Find(Kid) ?? new ImportedKey(_point);
        return Interlocked.CompareExchange(ref _imported, imported, null) ?? imported;
    }
}
