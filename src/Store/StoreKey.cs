using System.Text;

namespace Fairlead.Store;

/// <summary>A key: bytes, ordered as unsigned bytes from the left, the shorter first where one is the other's prefix
/// (etcd's order). The default value is the empty key, which bounds a range but is never stored.</summary>
/// <remarks>Immutable: the bytes are copied on the way in and out.</remarks>
public readonly struct StoreKey : IEquatable<StoreKey>, IComparable<StoreKey>
{
    private readonly byte[]? _bytes;

    /// <summary>Copies <paramref name="bytes"/>.</summary>
    public StoreKey(ReadOnlySpan<byte> bytes) => _bytes = bytes.IsEmpty ? null : bytes.ToArray();

    /// <summary>The bytes of the key.</summary>
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>How many bytes the key has.</summary>
    public int Length => _bytes?.Length ?? 0;

    /// <summary>The key whose bytes are the UTF-8 form of <paramref name="text"/>.</summary>
    public static StoreKey FromText(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether both keys have the same bytes.</summary>
    public static bool operator ==(StoreKey left, StoreKey right) => left.Equals(right);

    /// <summary>Whether the keys differ.</summary>
    public static bool operator !=(StoreKey left, StoreKey right) => !left.Equals(right);

    /// <summary>Whether <paramref name="left"/> sorts before <paramref name="right"/>.</summary>
    public static bool operator <(StoreKey left, StoreKey right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> sorts after <paramref name="right"/>.</summary>
    public static bool operator >(StoreKey left, StoreKey right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> does not sort after <paramref name="right"/>.</summary>
    public static bool operator <=(StoreKey left, StoreKey right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> does not sort before <paramref name="right"/>.</summary>
    public static bool operator >=(StoreKey left, StoreKey right) => left.CompareTo(right) >= 0;

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <summary>The smallest key above this one: its bytes and a zero byte.</summary>
    public StoreKey Next() => new([.. Span, 0]);

    /// <inheritdoc/>
    public int CompareTo(StoreKey other) => Span.SequenceCompareTo(other.Span);

    /// <inheritdoc/>
    public bool Equals(StoreKey other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is StoreKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>The key for people: printable ASCII as it is, every other byte as <c>\xNN</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Length);
        foreach (var b in Span)
        {
            _ = b is >= 0x20 and < 0x7F and not (byte)'\\' ? text.Append((char)b) : text.Append($"\\x{b:x2}");
        }

        return text.ToString();
    }
}
