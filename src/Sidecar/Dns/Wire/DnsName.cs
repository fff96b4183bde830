using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// A domain name of at most 255 bytes, its labels any bytes of 1 to 63 (RFC 1035 section 3.1, RFC 2181 section 11).
/// Keeps the letter case it came with; equal whatever the case of ASCII letters (RFC 4343). Immutable, thread-safe.
/// </summary>
internal sealed class DnsName : IEquatable<DnsName>
{
    internal const int BytesMax = 255;
    internal const int LabelMax = 63;

    private readonly byte[] _wire;

    private DnsName(byte[] wire) => _wire = wire;

    /// <summary>The root.</summary>
    internal static DnsName Root { get; } = new([0]);

    /// <summary>The labels, each behind its length, and the root's zero; never compressed.</summary>
    internal ReadOnlySpan<byte> Wire => _wire;

    internal bool IsRoot => _wire.Length == 1;

    /// <summary>The name without its first label; null for the root.</summary>
    internal DnsName? Parent => IsRoot ? null : new DnsName(_wire[(_wire[0] + 1)..]);

    /// <summary>Takes bytes that are a whole uncompressed name already.</summary>
    /// <exception cref="ArgumentException">They are not.</exception>
    internal static DnsName FromWire(ReadOnlySpan<byte> wire)
    {
        var at = 0;
        while (at < wire.Length && wire[at] is > 0 and <= LabelMax)
        {
            at += wire[at] + 1;
        }

        return at == wire.Length - 1 && wire.Length <= BytesMax && wire[at] == 0
            ? new DnsName(wire.ToArray())
            : throw new ArgumentException("not a name in wire form", nameof(wire));
    }

    /// <summary>Reads labels with dots between them, a last dot allowed; each character stands for its byte.</summary>
    internal static bool TryParse(string text, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        var wire = new List<byte>(text.Length + 2);
        foreach (var label in text.TrimEnd('.').Split('.'))
        {
            if (label.Length is 0 or > LabelMax || label.Any(c => c > 0xFF))
            {
                return false;
            }

            wire.Add((byte)label.Length);
            wire.AddRange(Encoding.Latin1.GetBytes(label));
        }

        wire.Add(0);
        name = wire.Count <= BytesMax ? new DnsName([.. wire]) : null;
        return name is not null;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not a name.</exception>
    internal static DnsName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not a domain name");

    /// <summary>This name with a label in front; null where it would be too long.</summary>
    internal DnsName? Child(string label)
    {
        var bytes = Encoding.Latin1.GetBytes(label);
        return bytes.Length is 0 or > LabelMax || bytes.Length + 1 + _wire.Length > BytesMax
            ? null
            : new DnsName([(byte)bytes.Length, .. bytes, .. _wire]);
    }

    /// <summary>Whether this is the other name or lies under it.</summary>
    internal bool IsAtOrUnder(DnsName other)
    {
        for (var name = this; name is not null; name = name.Parent)
        {
            if (name.Equals(other))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The labels in lower case, the first one first; each byte as the character that stands for it.</summary>
    internal List<string> Labels()
    {
        var labels = new List<string>();
        for (var at = 0; _wire[at] != 0; at += _wire[at] + 1)
        {
            labels.Add(Encoding.Latin1.GetString(_wire.AsSpan(at + 1, _wire[at])).ToLowerInvariant());
        }

        return labels;
    }

    /// <summary>Whether the bytes are the same, letter case included: what 0x20 compares.</summary>
    internal bool EqualsExactly(DnsName other) => Wire.SequenceEqual(other.Wire);

    // Lengths are at most 63, below any letter: folding them with the rest changes nothing.
    public bool Equals(DnsName? other) => other is not null && EqualsFolded(Wire, other.Wire);

    public override bool Equals(object? obj) => Equals(obj as DnsName);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var b in _wire)
        {
            hash.Add(Fold(b));
        }

        return hash.ToHashCode();
    }

    /// <summary>The presentation form with a last dot; odd bytes as <c>\ddd</c> (RFC 1035 section 5.1).</summary>
    public override string ToString()
    {
        var text = new StringBuilder(_wire.Length);
        for (var at = 0; _wire[at] != 0; at += _wire[at] + 1)
        {
            foreach (var b in _wire.AsSpan(at + 1, _wire[at]))
            {
                _ = b switch
                {
                    (byte)'.' or (byte)'\\' => text.Append('\\').Append((char)b),
                    > 0x20 and < 0x7F => text.Append((char)b),
                    _ => text.Append(CultureInfo.InvariantCulture, $"\\{b:D3}"),
                };
            }

            text.Append('.');
        }

        return text.Length == 0 ? "." : text.ToString();
    }

    private static bool EqualsFolded(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (var i = 0; i < left.Length; i++)
        {
            if (Fold(left[i]) != Fold(right[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static byte Fold(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
}
