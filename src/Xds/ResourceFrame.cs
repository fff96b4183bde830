using Google.Protobuf;

namespace Fairlead.Xds;

/// <summary>The bytes of a resource as they stand in a response: its Any behind the tag and length of the field.
/// Safe for concurrent use.</summary>
internal static class ResourceFrame
{
    private const byte ResourcesTag = 0x12;
    private const byte TypeUrlTag = 0x0A;
    private const byte ValueTag = 0x12;

    // What a larger message needed is not kept.
    private const int KeptBytes = 256 << 10;

    private static readonly Lock Gate = new();
    private static (MemoryStream Bytes, CodedOutputStream Output) _encoder = NewEncoder();

    /// <summary>A message. It is encoded before it is measured: a message asks each that is in it for its length, which
    /// asks all that are in that, so that to measure first is to measure all of them once more.</summary>
    public static byte[] Of(ResourceType type, IMessage message)
    {
        lock (Gate)
        {
            var (bytes, output) = _encoder;
            var isReusable = false;
            try
            {
                message.WriteTo(output);
                output.Flush();
                isReusable = bytes.Capacity <= KeptBytes;
                return Of(type, bytes.GetBuffer().AsSpan(0, (int)bytes.Length), []);
            }
            finally
            {
                bytes.SetLength(0);
                _encoder = isReusable ? _encoder : NewEncoder();
            }
        }
    }

    /// <summary>The bytes of a message, in two parts.</summary>
    public static byte[] Of(ResourceType type, ReadOnlySpan<byte> content, ReadOnlySpan<byte> more)
    {
        var length = content.Length + more.Length;
        var any = FieldSize(type.TypeUrl.Length) + FieldSize(length);
        var framed = GC.AllocateUninitializedArray<byte>(FieldSize(any));
        using var output = new CodedOutputStream(framed);
        output.WriteRawTag(ResourcesTag);
        output.WriteLength(any);
        output.WriteRawTag(TypeUrlTag);
        output.WriteString(type.TypeUrl);
        output.WriteRawTag(ValueTag);
        output.WriteLength(length);
        content.CopyTo(framed.AsSpan(framed.Length - length));
        more.CopyTo(framed.AsSpan(framed.Length - more.Length));
        return framed;
    }

    private static int FieldSize(int length) => 1 + CodedOutputStream.ComputeLengthSize(length) + length;

    private static (MemoryStream Bytes, CodedOutputStream Output) NewEncoder()
    {
        var bytes = new MemoryStream();
        return (bytes, new CodedOutputStream(bytes, leaveOpen: true) { Deterministic = true });
    }
}
