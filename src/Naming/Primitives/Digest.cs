using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Fairlead.Naming;

/// <summary>32 bytes: a SHA-256, as identity of a document, a segment, a key or a place in the tree. Ordered by its
/// bytes. Immutable, thread-safe; the default is 32 zero bytes.</summary>
public readonly record struct Digest : IComparable<Digest>
{
    /// <summary>Bytes in a digest.</summary>
    public const int Size = 32;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    private Digest(ReadOnlySpan<byte> bytes)
    {
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>The digest that these 32 bytes are.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static Digest FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size ? new Digest(bytes) : throw new ArgumentException($"{bytes.Length} bytes", nameof(bytes));

    /// <summary>As <see cref="FromBytes"/>, for bytes of unknown origin: false unless they are 32.</summary>
    public static bool TryFromBytes(ReadOnlySpan<byte> bytes, out Digest digest)
    {
        digest = bytes.Length == Size ? new Digest(bytes) : default;
        return bytes.Length == Size;
    }

    /// <summary>Reads 64 lower-case hexadecimal digits; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Size];
        if (text is null || !LowerHex.TryDecode(text, bytes))
        {
            digest = default;
            return false;
        }

        digest = new Digest(bytes);
        return true;
    }

    /// <summary>Reads 64 lower-case hexadecimal digits.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static Digest Parse(string text) =>
        TryParse(text, out var digest) ? digest : throw new FormatException("not 64 lower-case hexadecimal digits");

    /// <summary>SHA-256 of the bytes.</summary>
    public static Digest Sha256(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(bytes, hash);
        return new Digest(hash);
    }

    /// <summary>Writes the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>A new array with the 32 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public int CompareTo(Digest other)
    {
        var order = _a.CompareTo(other._a);
        order = order != 0 ? order : _b.CompareTo(other._b);
        order = order != 0 ? order : _c.CompareTo(other._c);
        return order != 0 ? order : _d.CompareTo(other._d);
    }

    /// <summary>Whether left's bytes come before right's.</summary>
    public static bool operator <(Digest left, Digest right) => left.CompareTo(right) < 0;

    /// <summary>Whether left's bytes come after right's.</summary>
    public static bool operator >(Digest left, Digest right) => left.CompareTo(right) > 0;

    /// <summary>Whether left's bytes come before right's or equal them.</summary>
    public static bool operator <=(Digest left, Digest right) => left.CompareTo(right) <= 0;

    /// <summary>Whether left's bytes come after right's or equal them.</summary>
    public static bool operator >=(Digest left, Digest right) => left.CompareTo(right) >= 0;

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
