using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Fairlead.Protocol;

/// <summary>
/// Counts what a message is made of before anything is made of it: the messages, byte strings and texts in it, at every
/// depth. A list of empty messages takes two bytes for each on the wire, and a hundred in memory; so does one of a few
/// numbers, which are a byte each on the wire and four or eight in memory. Immutable, thread-safe; allocates nothing.
/// </summary>
internal sealed class MessageParts
{
    // Bytes of the shortest part: a tag and a length.
    private const int PartBytes = 2;

    // As many small numbers in a list as take what a part does. Those of the largest answer are a third of its limit.
    private const int NumbersOfAPart = 8;

    // As deep as the messages of this protocol are, twice over; the parser of the library goes to 100.
    private const int DepthMax = 32;

    // The types of fields, by their numbers; null for those that hold no message.
    private readonly MessageParts?[] _fields;

    // The fields that are lists of numbers.
    private readonly bool[] _numbers;

    private MessageParts(MessageDescriptor type, Dictionary<MessageDescriptor, MessageParts> known)
    {
        known[type] = this;
        var fields = type.Fields.InDeclarationOrder();
        _fields = new MessageParts?[fields.Max(field => (int?)field.FieldNumber) + 1 ?? 0];
        _numbers = new bool[_fields.Length];
        foreach (var field in fields)
        {
            _fields[field.FieldNumber] = field.FieldType != FieldType.Message ? null
                : known.GetValueOrDefault(field.MessageType) ?? new MessageParts(field.MessageType, known);
            _numbers[field.FieldNumber] = field.IsRepeated
                && field.FieldType is not (FieldType.Message or FieldType.Bytes or FieldType.String);
        }
    }

    /// <summary>The parts of messages of a type.</summary>
    internal static MessageParts Of(MessageDescriptor type) => new(type, []);

    /// <summary>Counts.</summary>
    /// <param name="bytes">The whole encoding.</param>
    /// <param name="most">How far: one that is too short for more is not looked at.</param>
    /// <returns>No more than the most where it has no more parts than that, else more; null where it is no encoding
    /// of a message without groups, which none of this protocol has.</returns>
    internal int? Count(in ReadOnlySequence<byte> bytes, int most)
    {
        if (bytes.Length / PartBytes <= most)
        {
            return 0;
        }

        var reader = new SequenceReader<byte>(bytes);
        var left = most;
        return Walk(ref reader, bytes.Length, ref left, DepthMax) || left < 0 ? most - left : null;
    }

    // False where there are too many, and where the rest is no encoding.
    private bool Walk(ref SequenceReader<byte> reader, long end, ref int left, int depth)
    {
        while (reader.Consumed < end)
        {
            if (!TryReadNumber(ref reader, end, out var tag) || !TryTake(ref reader, (uint)tag, end, ref left, depth))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryTake(ref SequenceReader<byte> reader, uint tag, long end, ref int left, int depth)
    {
        var field = WireFormat.GetTagFieldNumber(tag);
        var isNumbers = field < _numbers.Length && _numbers[field];
        switch (WireFormat.GetTagWireType(tag))
        {
            case WireFormat.WireType.Varint:
                // Of a list, in the long form, which none of this protocol has and the parser takes all the same.
                return (!isNumbers || --left >= 0) && TryReadNumber(ref reader, end, out _);
            case WireFormat.WireType.Fixed64:
                return TrySkip(ref reader, sizeof(ulong), end);
            case WireFormat.WireType.Fixed32:
                return TrySkip(ref reader, sizeof(uint), end);
            case WireFormat.WireType.LengthDelimited:
                if (!TryReadNumber(ref reader, end, out var number) || --left < 0)
                {
                    return false;
                }

                var length = (uint)number;
                if (length > end - reader.Consumed)
                {
                    return false;
                }

                left -= isNumbers ? (int)(length / NumbersOfAPart) : 0;
                return left >= 0 && (field >= _fields.Length || _fields[field] is not { } nested
                    ? TrySkip(ref reader, length, end)
                    : depth > 0 && nested.Walk(ref reader, reader.Consumed + length, ref left, depth - 1));
            default:
                return false;
        }
    }

    private static bool TrySkip(ref SequenceReader<byte> reader, long bytes, long end)
    {
        if (bytes > end - reader.Consumed)
        {
            return false;
        }

        reader.Advance(bytes);
        return true;
    }

    // As the parser reads them, which takes the low 32 bits of a tag and of a length.
    private static bool TryReadNumber(ref SequenceReader<byte> reader, long end, out ulong number)
    {
        number = 0;
        for (var shift = 0; shift < 64 && reader.Consumed < end && reader.TryRead(out var next); shift += 7)
        {
            number |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
