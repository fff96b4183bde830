using System.Buffers;
using System.IO.Compression;

namespace Fairlead.Rpc;

/// <summary>Decompresses a message within a limit.</summary>
internal static class GzipMessage
{
    private const int StepBytes = 16 * 1024;

    public static ReadOnlyMemory<byte> Decompress(ReadOnlySequence<byte> payload, int bytesMax)
    {
        using var compressed = new MemoryStream(payload.ToArray(), writable: false);
        using var stream = new GZipStream(compressed, CompressionMode.Decompress);
        var plain = new ArrayBufferWriter<byte>();
        try
        {
            int read;
            while ((read = stream.Read(plain.GetSpan(StepBytes))) > 0)
            {
                plain.Advance(read);
                if (plain.WrittenCount > bytesMax)
                {
                    throw new RpcException(new Status(
                        StatusCode.ResourceExhausted,
                        $"Received message larger than max (over {bytesMax}, decompressed)"));
                }
            }
        }
        catch (InvalidDataException exception)
        {
            throw new RpcException(new Status(StatusCode.Internal, "BadMessage: the message is not gzip", exception));
        }

        return plain.WrittenMemory;
    }
}
