using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Fairlead.Rpc;

/// <summary>
/// Reads prefixed messages from a pipe. A message over the limit is refused by its prefix, before its bytes are taken
/// in, unless its marshaller reads such ones piece by piece. One reader at a time.
/// </summary>
/// <param name="pipe">The bytes.</param>
/// <param name="bytesMax">Bytes of the largest message, after decompression.</param>
/// <param name="gzip">Whether messages may be compressed.</param>
/// <param name="watch">Told of messages that come bit by bit; null for nobody.</param>
internal sealed class MessageReader(PipeReader pipe, int bytesMax, bool gzip, IMessageWatch? watch = null)
{
    private readonly MessagePayload _payload = new();

    /// <summary>
    /// The next message, or null at the end of the stream. Throws <see cref="RpcException"/> for bad bytes.
    /// </summary>
    /// <param name="marshaller">Makes it.</param>
    /// <param name="isOnly">Whether the stream must end behind it: it is made once that is there, since what it is made
    /// of may be many times its bytes, and who does not end the stream would have it held.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T?> ReadAsync<T>(
        Marshaller<T> marshaller, CancellationToken cancellationToken, bool isOnly = false)
        where T : class
    {
        while (true)
        {
            var result = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (result.IsCanceled)
            {
                pipe.AdvanceTo(buffer.Start);
                throw new OperationCanceledException("The read was cancelled.");
            }

            if (marshaller.Larger is { } larger && IsLarge(buffer, out var length))
            {
                pipe.AdvanceTo(buffer.GetPosition(MessagePrefix.Length));
                return await ReadLargeAsync(marshaller, larger(), length, cancellationToken).ConfigureAwait(false);
            }

            if (TryTake(marshaller, ref buffer, out var compressed, out var payload))
            {
                if (isOnly && !result.IsCompleted)
                {
                    watch?.IsPart();
                    pipe.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                    if (!buffer.IsEmpty)
                    {
                        throw Refuse(StatusCode.Internal, "BadMessage: more than one request");
                    }

                    continue;
                }

                // Of a compressed one, what is held is what it becomes, however little of it was sent.
                var plain = Inflate(compressed, payload);
                watch?.IsWhole(plain.Length);
                var message = _payload.Read(marshaller, plain);
                pipe.AdvanceTo(buffer.Start);
                return message;
            }

            if (result.IsCompleted)
            {
                return buffer.IsEmpty
                    ? null
                    : throw Refuse(StatusCode.Internal, "BadMessage: the stream ends within a message");
            }

            if (!buffer.IsEmpty)
            {
                watch?.IsPart();
            }

            pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private bool IsLarge(ReadOnlySequence<byte> buffer, out uint length) =>
        MessagePrefix.TryRead(buffer, out var flag, out length) && flag == 0 && length > bytesMax;

    private async ValueTask<T> ReadLargeAsync<T>(
        Marshaller<T> marshaller, LargeMessage large, long left, CancellationToken cancellationToken)
        where T : class
    {
        while (left > 0)
        {
            watch?.IsPiece();
            var result = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
            var part = result.Buffer.Slice(0, Math.Min(left, result.Buffer.Length));
            foreach (var segment in part)
            {
                large.Take(segment.Span);
            }

            left -= part.Length;
            pipe.AdvanceTo(part.End);
            if (result.IsCanceled)
            {
                throw new OperationCanceledException("The read was cancelled.");
            }

            if (left > 0 && result.IsCompleted)
            {
                throw Refuse(StatusCode.Internal, "BadMessage: the stream ends within a message");
            }
        }

        var kept = large.End();
        watch?.IsWhole(kept.Length);
        return _payload.Read(marshaller, new ReadOnlySequence<byte>(kept));
    }

    private static RpcException Refuse(StatusCode code, string detail) => new(new Status(code, detail));

    private bool TryTake<T>(
        Marshaller<T> marshaller,
        ref ReadOnlySequence<byte> buffer,
        out bool compressed,
        out ReadOnlySequence<byte> payload)
    {
        compressed = false;
        payload = default;
        if (!MessagePrefix.TryRead(buffer, out var flag, out var length))
        {
            return false;
        }

        if (flag > 1)
        {
            throw Refuse(StatusCode.Internal, $"BadMessage: the compressed flag is {flag}");
        }

        if (length > bytesMax)
        {
            throw marshaller.TooLarge?.Invoke(length, bytesMax)
                ?? Refuse(
                    StatusCode.ResourceExhausted, $"Received message larger than max ({length} vs. {bytesMax})");
        }

        if (buffer.Length - MessagePrefix.Length < length)
        {
            return false;
        }

        compressed = flag == 1;
        payload = buffer.Slice(MessagePrefix.Length, length);
        buffer = buffer.Slice(payload.End);
        return true;
    }

    private ReadOnlySequence<byte> Inflate(bool compressed, ReadOnlySequence<byte> payload) =>
        !compressed ? payload
        : gzip ? new ReadOnlySequence<byte>(GzipMessage.Decompress(payload, bytesMax))
        : throw Refuse(StatusCode.Internal, "BadMessage: a compressed message without grpc-encoding");
}
