using System.Buffers;

namespace Fairlead.Rpc;

/// <summary>Metadata as HTTP headers (gRPC over HTTP/2, "Custom-Metadata").</summary>
internal static class MetadataHeaders
{
    private static readonly SearchValues<char> KeyChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>The value as it is written.</summary>
    public static string Format(Metadata.Entry entry) =>
        entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes).TrimEnd('=') : entry.Value;

    /// <summary>Whether a caller may send or see this key: the protocol's own and HTTP's are not metadata.</summary>
    public static bool IsCustom(string key) =>
        key is not ("content-type" or "te" or "host" or "content-length" or "transfer-encoding" or "connection"
            or "date" or "server" or "trailer")
        && (!key.StartsWith("grpc-", StringComparison.Ordinal) || key == RpcStatusExtensions.TrailerKey)
        && key.AsSpan().IndexOfAnyExcept(KeyChars) < 0
        && key.Length > 0;

    /// <summary>
    /// Adds what a header holds; what is no metadata is left out. Throws <see cref="RpcException"/> for bytes that are
    /// no base64.
    /// </summary>
    public static void Read(Metadata metadata, string name, string? value)
    {
        var key = name.ToLowerInvariant();
        if (value is null || !IsCustom(key))
        {
            return;
        }

        if (!Metadata.Entry.HasBinarySuffix(key))
        {
            if (value.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0)
            {
                metadata.Add(key, value);
            }

            return;
        }

        // Several values of one key may come joined by commas.
        foreach (var part in value.Split(','))
        {
            metadata.Add(key, Decode(key, part.Trim()));
        }
    }

    private static byte[] Decode(string key, string text)
    {
        // Padding is optional on the wire.
        var padded = (text.Length % 4) switch { 2 => text + "==", 3 => text + "=", _ => text };
        var bytes = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64String(padded, bytes, out var length)
            ? bytes[..length]
            : throw new RpcException(new Status(StatusCode.Internal, $"BadMetadata: {key} is not base64"));
    }
}
