using System.Buffers.Text;
using System.IO.Compression;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Listeners;
using Google.Protobuf;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// A resource as text, for the client that holds it to bring back: a response of clusters or listeners says all that
/// there is, so that without its bytes a client would lose what it holds in an older form. What comes back is worth
/// what its client says, and is told to that one alone. Pure.
/// </summary>
internal static class OlderForm
{
    /// <summary>Bytes of all messages of a version together.</summary>
    internal const int BytesMax = 64 << 10;

    private const int Quality = 5;
    private const int Window = 16;

    /// <summary>The text: RFC 4648 base64url over Brotli (RFC 7932) over the message.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="most">The most characters.</param>
    /// <param name="left">The most bytes of the message; less by those that are taken.</param>
    /// <returns>The text; null where it or the message is longer.</returns>
    internal static string? Write(Resource resource, int most, ref int left)
    {
        var message = resource.ToAny().Value;
        var packed = new byte[Base64Url.GetMaxDecodedLength(Math.Max(most, 0))];
        if (message.Length > left
            || !BrotliEncoder.TryCompress(message.Span, packed, out var length, Quality, Window)
            || Base64Url.GetEncodedLength(length) > most)
        {
            return null;
        }

        left -= message.Length;
        return Base64Url.EncodeToString(packed.AsSpan(0, length));
    }

    /// <summary>The resource of a text.</summary>
    /// <param name="type">Clusters or listeners.</param>
    /// <param name="text">What a client sent.</param>
    /// <param name="left">The most bytes of the message; less by those that are taken.</param>
    /// <returns>The resource; null where it is none.</returns>
    internal static Resource? Read(ResourceType type, string text, ref int left)
    {
        var packed = new byte[Math.Min(Base64Url.GetMaxDecodedLength(text.Length), SotwVersion.FormsLength)];
        var bytes = new byte[left];
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, packed, out var length)
            || !BrotliDecoder.TryDecompress(packed.AsSpan(0, length), bytes, out var count))
        {
            return null;
        }

        left -= count;
        try
        {
            var message = bytes.AsSpan(0, count);
            return type == ResourceType.Cluster ? Resource.Create(Cluster.Parser.ParseFrom(message))
                : type == ResourceType.Listener ? Resource.Create(Listener.Parser.ParseFrom(message))
                : null;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or ArgumentException)
        {
            return null;
        }
    }
}
