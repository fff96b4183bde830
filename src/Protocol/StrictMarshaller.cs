using System.Buffers;
using Fairlead.Naming;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Protocol;

/// <summary>Makes marshallers that hold a message to its size and to V2.</summary>
public static class StrictMarshaller
{
    /// <summary>
    /// A marshaller whose reader throws an <see cref="RpcException"/> with <see cref="VerificationFailure.TooLarge"/>
    /// or
    /// <see cref="VerificationFailure.BadEnvelope"/>, as <see cref="RpcFailures"/> writes them.
    /// </summary>
    /// <typeparam name="T">A generated message.</typeparam>
    /// <param name="limit">The largest encoding it reads, in bytes.</param>
    public static Marshaller<T> Create<T>(int limit)
        where T : class, IMessage<T>, new() =>
        new(
            static (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => Read<T>(context.PayloadAsReadOnlySequence(), limit));

    private static T Read<T>(in ReadOnlySequence<byte> bytes, int limit)
        where T : class, IMessage<T>, new()
    {
        var where = typeof(T).Name;
        if (bytes.Length > limit)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.TooLarge, where, $"{bytes.Length} bytes, at most {limit}"));
        }

        return StrictMessages<T>.TryParse(bytes)
            ?? throw RpcFailures.ToException(
                new Refusal(VerificationFailure.BadEnvelope, where, "not the strict encoding of a known message"));
    }
}
