using System.Buffers;
using System.Text;
using Google.Protobuf;

namespace Fairlead.Xds.Streams;

/// <summary>Writes fields of a message straight into a buffer, a piece at a time: a buffer of small blocks needs no
/// large one for a large message. Stateless.</summary>
internal static class Wire
{
    // A tag of one byte and a length of up to 32 bits.
    private const int HeadMax = 6;

    /// <summary>The bytes that a text field with a tag of one byte takes.</summary>
    public static int SizeOf(string value) => 1 + CodedOutputStream.ComputeStringSize(value);

    /// <summary>The bytes that a message field with a tag of one byte takes.</summary>
    public static int SizeOf(int length) => 1 + CodedOutputStream.ComputeLengthSize(length) + length;

    public static void WriteString(IBufferWriter<byte> output, byte tag, string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        WriteHead(output, tag, length);
        Encoding.UTF8.GetBytes(value, output.GetSpan(length));
        output.Advance(length);
    }

    /// <summary>The tag and the length of what follows.</summary>
    public static void WriteHead(IBufferWriter<byte> output, byte tag, int length)
    {
        var span = output.GetSpan(HeadMax);
        span[0] = tag;
        var rest = (uint)length;
        var at = 1;
        for (; rest >= 0x80; rest >>= 7)
        {
            span[at++] = (byte)(rest | 0x80);
        }

        span[at] = (byte)rest;
        output.Advance(at + 1);
    }
}
