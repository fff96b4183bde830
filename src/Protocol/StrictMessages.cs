using System.Buffers;
using Fairlead.Naming;
using Google.Protobuf;

namespace Fairlead.Protocol;

/// <summary>
/// Reads protobuf so that every message has one encoding (V2): unknown fields, repeated singular fields, default values
/// written out and padded numbers are refused. Thread-safe.
/// </summary>
/// <typeparam name="T">A generated message.</typeparam>
internal static class StrictMessages<T>
    where T : class, IMessage<T>, new()
{
    // The shortest parts of which there are many, hashes and signatures, have more bytes than this each.
    private const int BytesOfAPart = 32;

    // What a message has besides, however small its limit is.
    private const int PartsBase = 1_024;

    private static readonly MessageParser<T> Parser =
        new MessageParser<T>(static () => new T()).WithDiscardUnknownFields(true);

    private static readonly MessageParts Parts = MessageParts.Of(new T().Descriptor);

    /// <summary>The message, or null where the bytes are not exactly one, or one of too many parts (V1): that is
    /// counted before anything is made of it.</summary>
    /// <param name="bytes">The whole encoding.</param>
    /// <param name="bytesMax">Bytes of the largest message of its kind, by which the most parts go.</param>
    /// <param name="refusal"><c>TooLarge</c> or <c>BadEnvelope</c>.</param>
    internal static T? TryParse(in ReadOnlySequence<byte> bytes, int bytesMax, out Refusal? refusal)
    {
        var partsMax = PartsBase + (bytesMax / BytesOfAPart);
        var parts = Parts.Count(bytes, partsMax);
        if (parts > partsMax)
        {
            refusal = new Refusal(VerificationFailure.TooLarge, typeof(T).Name, $"more than {partsMax} parts");
            return null;
        }

        var message = parts is null ? null : TryParse(bytes);
        refusal = message is null
            ? new Refusal(VerificationFailure.BadEnvelope, typeof(T).Name, "not the strict encoding of a known message")
            : null;
        return message;
    }

    private static T? TryParse(in ReadOnlySequence<byte> bytes)
    {
        try
        {
            var message = Parser.ParseFrom(bytes);

            // What the parser dropped, joined or shortened is missing from the size: no second copy is written for
            // this.
            return message.CalculateSize() == bytes.Length ? message : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
