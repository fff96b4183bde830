using System.Buffers;

namespace Fairlead.Rpc;

/// <summary>One message as a marshaller reads it. Reused from message to message.</summary>
internal sealed class MessagePayload : DeserializationContext
{
    private ReadOnlySequence<byte> _payload;

    public override int PayloadLength => (int)_payload.Length;

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;

    public T Read<T>(Marshaller<T> marshaller, ReadOnlySequence<byte> payload)
    {
        _payload = payload;
        try
        {
            return marshaller.ContextualDeserializer(this);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw new RpcException(
                new Status(StatusCode.Internal, "BadMessage: the message does not parse", exception));
        }
        finally
        {
            _payload = default;
        }
    }
}
