using System.Buffers.Binary;
using System.Text;

namespace Fairlead.Telemetry.Tests;

/// <summary>A protobuf message by its field numbers, as OTLP's published schema gives them.</summary>
internal sealed class OtlpFields
{
    private readonly List<(int Field, byte[] Bytes)> _fields = [];

    internal static OtlpFields Read(ReadOnlySpan<byte> bytes)
    {
        var message = new OtlpFields();
        for (var at = 0; at < bytes.Length;)
        {
            var tag = Varint(bytes, ref at);
            var start = at;
            switch (tag & 7)
            {
                case 0:
                    Varint(bytes, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(bytes, ref at);
                    start = at;
                    at += length;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    throw new InvalidOperationException($"wire type {tag & 7}");
            }

            message._fields.Add(((int)(tag >> 3), bytes[start..at].ToArray()));
        }

        return message;
    }

    /// <summary>All messages along a path of field numbers.</summary>
    internal IEnumerable<OtlpFields> At(params int[] path) => path is [var first, .. var rest]
        ? _fields.Where(field => field.Field == first).SelectMany(field => Read(field.Bytes).At(rest))
        : [this];

    internal byte[] Bytes(int field) => _fields.First(one => one.Field == field).Bytes;

    internal bool Has(int field) => _fields.Any(one => one.Field == field);

    internal string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

    internal double Double(int field) => BinaryPrimitives.ReadDoubleLittleEndian(Bytes(field));

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var one = bytes[at++];
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
            {
                return value;
            }
        }
    }
}
