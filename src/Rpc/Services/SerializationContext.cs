using System.Buffers;

namespace Fairlead.Rpc;

/// <summary>Where a marshaller writes one message. Not thread-safe.</summary>
public abstract class SerializationContext
{
    /// <summary>The message is this array.</summary>
    public virtual void Complete(byte[] payload) => throw new NotSupportedException();

    /// <summary>
    /// The buffer to write the message to. With <see cref="SetPayloadLength"/> called before, it is the transport's
    /// own.
    /// </summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotSupportedException();

    /// <summary>Says how many bytes will be written.</summary>
    public virtual void SetPayloadLength(int payloadLength) => throw new NotSupportedException();

    /// <summary>The message is what was written to <see cref="GetBufferWriter"/>.</summary>
    public virtual void Complete() => throw new NotSupportedException();
}
