using System.Buffers;
using Fairlead.Naming;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Protocol;

/// <summary>Makes methods whose messages are held to their sizes, by their prefixes alone, to a number of parts that
/// goes by that, before any is made (V1), and to V2.</summary>
public static class StrictMethod
{
    /// <summary>
    /// A method both of whose sides read strictly: what is larger or has another encoding fails the call with
    /// <see cref="VerificationFailure.TooLarge"/> or <see cref="VerificationFailure.BadEnvelope"/>, as
    /// <see cref="RpcFailures"/> writes them.
    /// </summary>
    /// <typeparam name="TRequest">A generated message.</typeparam>
    /// <typeparam name="TResponse">A generated message.</typeparam>
    /// <param name="type">Which sides stream.</param>
    /// <param name="service">The service's full name.</param>
    /// <param name="name">The method's own name.</param>
    /// <param name="requestMax">Bytes of the largest request.</param>
    /// <param name="responseMax">Bytes of the largest response.</param>
    public static Method<TRequest, TResponse> Create<TRequest, TResponse>(
        MethodType type, string service, string name, int requestMax, int responseMax)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        new(type, service, name, Marshaller<TRequest>(requestMax), Marshaller<TResponse>(responseMax))
        {
            MaxRequestBytes = requestMax,
            MaxResponseBytes = responseMax,
        };

    private static Marshaller<T> Marshaller<T>(int bytesMax)
        where T : class, IMessage<T>, new() =>
        new(
            static (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => Read<T>(context.PayloadAsReadOnlySequence(), bytesMax))
        {
            TooLarge = static (bytes, most) => RpcFailures.ToException(
                new Refusal(VerificationFailure.TooLarge, typeof(T).Name, $"{bytes} bytes, at most {most}")),
        };

    private static T Read<T>(in ReadOnlySequence<byte> bytes, int bytesMax)
        where T : class, IMessage<T>, new() =>
        StrictMessages<T>.TryParse(bytes, bytesMax, out var refusal) ?? throw RpcFailures.ToException(refusal!);
}
