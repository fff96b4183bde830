using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Naming;

/// <summary>The one text form of a literal address: a dotted quad without leading zeros, or RFC 5952 without a zone.
/// Stateless, thread-safe.</summary>
public static class IpAddress
{
    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789abcdef:.");

    /// <summary>Reads a literal address; else <c>BadAddress</c>.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out IPAddress? address, [NotNullWhen(false)] out Refusal? refusal)
    {
        // The longest: an IPv4-mapped address. The BCL accepts many more forms; only the one it would be written in
        // counts.
        if (text is { Length: > 1 and <= 45 }
            && !text.AsSpan().ContainsAnyExcept(Characters)
            && IPAddress.TryParse(text, out address)
            && Format(address) == text)
        {
            refusal = null;
            return true;
        }

        address = null;
        refusal = new Refusal(VerificationFailure.BadAddress, "", "not a literal address in its one form");
        return false;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not an address in its one form.</exception>
    public static IPAddress Parse(string text) =>
        TryParse(text, out var address, out var refusal) ? address : throw new FormatException(refusal.Detail);

    /// <summary>The one form of an address.</summary>
    public static string Format(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return address.ToString();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.IsIPv4MappedToIPv6 ? $"::ffff:{address.MapToIPv4()}" : FormatGroups(bytes);
    }

    private static string FormatGroups(ReadOnlySpan<byte> bytes)
    {
        var (start, length) = LongestZeros(bytes);
        var text = new StringBuilder(39);
        for (var i = 0; i < 8; i++)
        {
            if (i == start)
            {
                text.Append("::");
                i += length - 1;
                continue;
            }

            if (i > 0 && text[^1] != ':')
            {
                text.Append(':');
            }

            text.Append(((bytes[2 * i] << 8) | bytes[(2 * i) + 1]).ToString("x", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    // RFC 5952 4.2: the longest run of two or more zero groups, the first of equals.
    private static (int Start, int Length) LongestZeros(ReadOnlySpan<byte> bytes)
    {
        var best = (Start: -1, Length: 1);
        var run = 0;
        for (var i = 0; i < 8; i++)
        {
            run = (bytes[2 * i] | bytes[(2 * i) + 1]) == 0 ? run + 1 : 0;
            best = run > best.Length ? (i - run + 1, run) : best;
        }

        return best;
    }
}
