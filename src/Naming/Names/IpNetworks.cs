using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Fairlead.Naming;

/// <summary>The one text form of a network: a literal address in its one form, a slash, and the length of the prefix
/// in decimal without leading zeros; no bit behind the prefix is set. Stateless, thread-safe.</summary>
public static class IpNetworks
{
    /// <summary>Reads a network; else <c>BadAddress</c>.</summary>
    public static bool TryParse(string? text, out IPNetwork network, [NotNullWhen(false)] out Refusal? refusal)
    {
        network = default;
        var slash = text?.IndexOf('/') ?? -1;
        var isRead = slash > 0
            && IpAddress.TryParse(text![..slash], out var address, out _)
            && TryLength(text.AsSpan(slash + 1), out var length)
            && TryMake(address, length, out network);
        refusal = isRead
            ? null
            : new Refusal(VerificationFailure.BadAddress, "", "not address/prefix in its one form");
        return isRead;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not a network in its one form.</exception>
    public static IPNetwork Parse(string text) =>
        TryParse(text, out var network, out var refusal) ? network : throw new FormatException(refusal.Detail);

    private static bool TryLength(ReadOnlySpan<char> digits, out int length)
    {
        length = 0;
        return digits.Length is > 0 and <= 3
            && (digits[0] != '0' || digits.Length == 1)
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out length);
    }

    private static bool TryMake(IPAddress address, int length, out IPNetwork network)
    {
        network = default;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var count);
        if (length > 8 * count)
        {
            return false;
        }

        for (var bit = length; bit < 8 * count; bit++)
        {
            if ((bytes[bit >> 3] & (0x80 >> (bit & 7))) != 0)
            {
                return false;
            }
        }

        network = new IPNetwork(address, length);
        return true;
    }
}
