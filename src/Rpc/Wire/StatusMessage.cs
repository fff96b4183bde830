using System.Buffers;
using System.Globalization;
using System.Text;

namespace Fairlead.Rpc;

/// <summary>The header <c>grpc-message</c>: UTF-8, percent-encoded outside printable ASCII.</summary>
internal static class StatusMessage
{
    // Clients bound all trailers together to 8 KiB; a longer text would cost them the status.
    private const int CharsMax = 1024;

    private const string Hex = "0123456789ABCDEF";

    public static string Encode(string detail)
    {
        var text = detail.Length > CharsMax ? detail[..CharsMax] : detail;
        if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && !text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        var encoded = new StringBuilder(text.Length * 2);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (b is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                encoded.Append((char)b);
            }
            else
            {
                encoded.Append('%').Append(Hex[b >> 4]).Append(Hex[b & 15]);
            }
        }

        return encoded.ToString();
    }

    /// <summary>Never fails: what is no escape stays as it is, what is no UTF-8 becomes U+FFFD.</summary>
    public static string Decode(string encoded)
    {
        if (!encoded.Contains('%', StringComparison.Ordinal))
        {
            return encoded;
        }

        var bytes = new ArrayBufferWriter<byte>(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%'
                && i + 2 < encoded.Length
                && byte.TryParse(
                    encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
            {
                bytes.Write([b]);
                i += 2;
            }
            else
            {
                bytes.Write(Encoding.UTF8.GetBytes(encoded, i, 1));
            }
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
