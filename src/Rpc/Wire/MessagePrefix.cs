using System.Buffers;
using System.Buffers.Binary;

namespace Fairlead.Rpc;

/// <summary>The five bytes before each message: a compressed flag and a big-endian length.</summary>
internal static class MessagePrefix
{
    public const int Length = 5;

    public static void Write(IBufferWriter<byte> target, int payloadLength)
    {
        var prefix = target.GetSpan(Length);
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)payloadLength);
        target.Advance(Length);
    }

    public static bool TryRead(ReadOnlySequence<byte> buffer, out byte flag, out uint payloadLength)
    {
        flag = 0;
        payloadLength = 0;
        if (buffer.Length < Length)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[Length];
        buffer.Slice(0, Length).CopyTo(prefix);
        flag = prefix[0];
        payloadLength = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        return true;
    }
}
