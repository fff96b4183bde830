using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>16 bytes drawn at random: a uid, an opening, a salt, a nonce. Ordered by its bytes. Immutable,
/// thread-safe.</summary>
public readonly record struct Hex16 : IComparable<Hex16>
{
    /// <summary>Bytes in a value.</summary>
    public const int Size = 16;

    private readonly UInt128 _value;

    private Hex16(UInt128 value) => _value = value;

    /// <summary>A value drawn from a source of randomness, which must be unguessable where the value hides
    /// something.</summary>
    /// <param name="fillRandom">Fills bytes at random.</param>
    public static Hex16 Draw(Action<Span<byte>> fillRandom)
    {
        ArgumentNullException.ThrowIfNull(fillRandom);
        Span<byte> bytes = stackalloc byte[Size];
        fillRandom(bytes);
        return FromBytes(bytes);
    }

    /// <summary>The value that these 16 bytes are.</summary>
    /// <exception cref="ArgumentException">Not 16 bytes.</exception>
    public static Hex16 FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size
            ? new Hex16(BinaryPrimitives.ReadUInt128BigEndian(bytes))
            : throw new ArgumentException($"{bytes.Length} bytes", nameof(bytes));

    /// <summary>Reads 32 lower-case hexadecimal digits; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Hex16 value)
    {
        Span<byte> bytes = stackalloc byte[Size];
        if (text is null || !LowerHex.TryDecode(text, bytes))
        {
            value = default;
            return false;
        }

        value = FromBytes(bytes);
        return true;
    }

    /// <summary>Reads 32 lower-case hexadecimal digits.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static Hex16 Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException("not 32 lower-case hexadecimal digits");

    /// <summary>Writes the 16 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, _value);

    /// <summary>A new array with the 16 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public int CompareTo(Hex16 other) => _value.CompareTo(other._value);

    /// <summary>Whether left's bytes come before right's.</summary>
    public static bool operator <(Hex16 left, Hex16 right) => left._value < right._value;

    /// <summary>Whether left's bytes come after right's.</summary>
    public static bool operator >(Hex16 left, Hex16 right) => left._value > right._value;

    /// <summary>Whether left's bytes come before right's or equal them.</summary>
    public static bool operator <=(Hex16 left, Hex16 right) => left._value <= right._value;

    /// <summary>Whether left's bytes come after right's or equal them.</summary>
    public static bool operator >=(Hex16 left, Hex16 right) => left._value >= right._value;

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
