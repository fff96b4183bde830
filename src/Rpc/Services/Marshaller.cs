namespace Fairlead.Rpc;

/// <summary>Turns messages of one type into bytes and back. Immutable; its functions must be thread-safe.</summary>
public class Marshaller<T>
{
    /// <summary>A marshaller over whole byte arrays.</summary>
    public Marshaller(Func<T, byte[]> serializer, Func<byte[], T> deserializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        ArgumentNullException.ThrowIfNull(deserializer);
        ContextualSerializer = (message, context) => context.Complete(serializer(message));
        ContextualDeserializer = context => deserializer(context.PayloadAsNewBuffer());
    }

    /// <summary>A marshaller that writes into and reads from the transport's own buffers.</summary>
    public Marshaller(
        Action<T, SerializationContext> contextualSerializer,
        Func<DeserializationContext, T> contextualDeserializer)
    {
        ArgumentNullException.ThrowIfNull(contextualSerializer);
        ArgumentNullException.ThrowIfNull(contextualDeserializer);
        ContextualSerializer = contextualSerializer;
        ContextualDeserializer = contextualDeserializer;
    }

    /// <summary>Writes a message. Calls <see cref="SerializationContext.Complete()"/> once.</summary>
    public Action<T, SerializationContext> ContextualSerializer { get; }

    /// <summary>Reads a message. Keeps nothing of the context.</summary>
    public Func<DeserializationContext, T> ContextualDeserializer { get; }

    /// <summary>Says how one message is refused that is larger than the limit, from its bytes and the limit; null for
    /// <see cref="StatusCode.ResourceExhausted"/> and no more.</summary>
    public Func<long, int, RpcException>? TooLarge { get; init; }

    /// <summary>Makes what reads one message that is larger than the limit; null where such a message is
    /// refused.</summary>
    public Func<LargeMessage>? Larger { get; init; }
}
