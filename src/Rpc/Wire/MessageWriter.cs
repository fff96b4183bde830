using System.Buffers;

namespace Fairlead.Rpc;

/// <summary>
/// Writes prefixed messages into a buffer, in one pass where the marshaller says the length first. Nothing reaches the
/// buffer of a message over the limit. Not thread-safe; reused from message to message.
/// </summary>
internal sealed class MessageWriter(IBufferWriter<byte> target, int bytesMax)
    : SerializationContext, IBufferWriter<byte>
{
    private ArrayBufferWriter<byte>? _side;
    private int _announced = -1;
    private int _written;
    private bool _complete;

    /// <summary>Bytes of the last message.</summary>
    public int Length { get; private set; }

    public void Write<T>(Marshaller<T> marshaller, T message)
    {
        _side = null;
        _announced = -1;
        _written = 0;
        _complete = false;
        marshaller.ContextualSerializer(message, this);
        if (!_complete)
        {
            throw new InvalidOperationException("The marshaller has not completed the message.");
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        ThrowIfStarted();
        ThrowIfOverLimit(payloadLength);
        Length = _announced = payloadLength;
        MessagePrefix.Write(target, payloadLength);
    }

    public override IBufferWriter<byte> GetBufferWriter() =>
        _announced >= 0 ? this : _side ??= new ArrayBufferWriter<byte>();

    public override void Complete()
    {
        if (_announced < 0)
        {
            Complete(_side is null ? [] : _side.WrittenSpan);
            return;
        }

        if (_written != _announced)
        {
            throw new InvalidOperationException($"The marshaller announced {_announced} bytes and wrote {_written}.");
        }

        _complete = true;
    }

    public override void Complete(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        ThrowIfStarted();
        Complete(payload.AsSpan());
    }

    public void Advance(int count)
    {
        target.Advance(count);
        _written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => target.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => target.GetSpan(sizeHint);

    private void Complete(ReadOnlySpan<byte> payload)
    {
        ThrowIfOverLimit(payload.Length);
        Length = payload.Length;
        MessagePrefix.Write(target, payload.Length);
        target.Write(payload);
        _complete = true;
    }

    private void ThrowIfStarted()
    {
        if (_announced >= 0 || _complete)
        {
            throw new InvalidOperationException("The marshaller has started the message already.");
        }
    }

    private void ThrowIfOverLimit(int length)
    {
        if (length > bytesMax)
        {
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted, $"Sent message larger than max ({length} vs. {bytesMax})"));
        }
    }
}
