using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Fairlead.Anchor.Journal;

/// <summary>The bytes of a journal (trust 4.11): <c>FLJ1</c>, then entries of u32-le length, body, check, where check =
/// SHA-256(previous check, length, body) and the first previous check is 32 zero bytes; zeros to the end of the file.
/// </summary>
internal static class JournalFormat
{
    /// <summary>Bytes of one body at most: 1 MiB.</summary>
    public const int BodyBytesMax = 1_048_576;

    /// <summary>Bytes of an entry beside its body.</summary>
    public const int FrameBytes = LengthBytes + CheckBytes;

    public const int LengthBytes = 4;

    public const int CheckBytes = 32;

    public static ReadOnlySpan<byte> Magic => "FLJ1"u8;

    /// <summary>Writes an entry to <paramref name="target"/> and its check over <paramref name="check"/>, which holds
    /// the previous one; returns the bytes written.</summary>
    public static int Write(Span<byte> target, ReadOnlySpan<byte> body, Span<byte> check)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)body.Length);
        body.CopyTo(target[LengthBytes..]);
        Check(check, target[..(LengthBytes + body.Length)], check);
        check.CopyTo(target[(LengthBytes + body.Length)..]);
        return FrameBytes + body.Length;
    }

    /// <summary>The check of an entry whose length and body are <paramref name="framed"/>.</summary>
    public static void Check(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> framed, Span<byte> check)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        hash.AppendData(framed);
        hash.GetHashAndReset(check);
    }

    /// <summary>The length that the entry at the start of <paramref name="bytes"/> states, or 0 when it states none
    /// that an entry within <paramref name="available"/> bytes can have.</summary>
    public static int BodyLength(ReadOnlySpan<byte> bytes, long available)
    {
        if (bytes.Length < LengthBytes)
        {
            return 0;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return length <= BodyBytesMax && length + FrameBytes <= available ? (int)length : 0;
    }
}
