using System.Text;
using Google.Protobuf;

namespace Fairlead.Xds.Streams;

/// <summary>Writes fields of a message straight into a buffer that is known to be large enough. Stateless.</summary>
internal static class Wire
{
    /// <summary>The bytes that a text field with a tag of one byte takes.</summary>
    public static int SizeOf(string value) => 1 + CodedOutputStream.ComputeStringSize(value);

    /// <summary>The bytes that a message field with a tag of one byte takes.</summary>
    public static int SizeOf(int length) => 1 + CodedOutputStream.ComputeLengthSize(length) + length;

    public static Span<byte> WriteString(Span<byte> output, byte tag, string value)
    {
        output = WriteHead(output, tag, Encoding.UTF8.GetByteCount(value));
        return output[Encoding.UTF8.GetBytes(value, output)..];
    }

    public static Span<byte> WriteBytes(Span<byte> output, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(output);
        return output[bytes.Length..];
    }

    /// <summary>The tag and the length of what follows.</summary>
    public static Span<byte> WriteHead(Span<byte> output, byte tag, int length)
    {
        output[0] = tag;
        var rest = (uint)length;
        var at = 1;
        for (; rest >= 0x80; rest >>= 7)
        {
            output[at++] = (byte)(rest | 0x80);
        }

        output[at] = (byte)rest;
        return output[(at + 1)..];
    }
}
