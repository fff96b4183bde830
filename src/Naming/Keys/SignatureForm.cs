namespace Fairlead.Naming;

/// <summary>The one form of a signature (V5): 64 bytes r, s, big-endian, 0 &lt; r &lt; n, 0 &lt; s &lt;= n/2.</summary>
public static class SignatureForm
{
    /// <summary>Bytes of a signature.</summary>
    public const int Size = 64;

    private static readonly byte[] Order = P256.Order.ToByteArray(isUnsigned: true, isBigEndian: true);
    private static readonly byte[] HalfOrder = P256.HalfOrder.ToByteArray(isUnsigned: true, isBigEndian: true);

    /// <summary><c>BadSignatureEncoding</c>, or null where the form holds.</summary>
    public static Refusal? Check(ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Size)
        {
            return Bad($"{signature.Length} bytes");
        }

        var r = signature[..32];
        var s = signature[32..];
        if (!r.ContainsAnyExcept((byte)0) || !s.ContainsAnyExcept((byte)0) || r.SequenceCompareTo(Order) >= 0)
        {
            return Bad("r or s out of range");
        }

        return s.SequenceCompareTo(HalfOrder) > 0 ? Bad("s is above n/2") : null;
    }

    /// <summary>Replaces a high s by n - s, in place: both are true, one is the form.</summary>
    /// <exception cref="ArgumentException">Not 64 bytes.</exception>
    public static void Normalize(Span<byte> signature)
    {
        if (signature.Length != Size)
        {
            throw new ArgumentException($"{signature.Length} bytes", nameof(signature));
        }

        var s = signature[32..];
        if (s.SequenceCompareTo(HalfOrder) > 0)
        {
            var low = P256.Order - P256.Number(s);
            s.Clear();
            low.TryWriteBytes(
                s[(32 - low.GetByteCount(isUnsigned: true))..], out _, isUnsigned: true, isBigEndian: true);
        }
    }

    private static Refusal Bad(string detail) => new(VerificationFailure.BadSignatureEncoding, "", detail);
}
