using System.Buffers;
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
    private static readonly MessageParser<T> Parser =
        new MessageParser<T>(static () => new T()).WithDiscardUnknownFields(true);

    /// <summary>The message, or null where the bytes are not exactly one.</summary>
    /// <param name="bytes">The whole encoding.</param>
    internal static T? TryParse(in ReadOnlySequence<byte> bytes)
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
