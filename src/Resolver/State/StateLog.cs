using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Fairlead.Resolver.State;

/// <summary>
/// What changed since a <see cref="DurableFile"/> was written as a whole: entries that are appended, each made durable
/// by one write of data alone, where replacing the file takes several. A log belongs to one content of its file and to
/// no other: it begins with it, so that one which is not there, or is of another content, is known to be lost.
/// </summary>
/// <remarks>The file is <c>FLS1</c>, the SHA-256 of the content, then entries of u32-le length, body, check, where
/// check = SHA-256(previous check, length, body) and the first previous check is that of the content; zeros to its end;
/// mode 0600. Not safe for concurrent use: one owner writes it.</remarks>
internal sealed class StateLog(string path)
{
    /// <summary>Bytes of one body at most.</summary>
    internal const int BodyBytesMax = 4096;

    /// <summary>Bytes of the file.</summary>
    internal const int FileBytes = 128 * 1024;

    /// <summary>Bytes before the first entry.</summary>
    internal const int HeadBytes = 4 + CheckBytes;

    /// <summary>Bytes of an entry beside its body.</summary>
    internal const int FrameBytes = LengthBytes + CheckBytes;

    internal const int LengthBytes = 4;

    internal const int CheckBytes = 32;

    private readonly byte[] _check = new byte[CheckBytes];
    private int _end;
    private bool _isTorn;

    internal static ReadOnlySpan<byte> Magic => "FLS1"u8;

    /// <summary>Whether it is the log of a content, so that entries can be appended.</summary>
    internal bool IsBegun => _end > 0;

    /// <summary>Whether a body can be appended to a log that is begun.</summary>
    internal bool HasRoom(int bytes) =>
        bytes is > 0 and <= BodyBytesMax && _end + bytes + FrameBytes <= FileBytes;

    /// <summary>The check of an entry.</summary>
    /// <param name="previous">The one before.</param>
    /// <param name="framed">Its length and body.</param>
    /// <param name="check">Where it goes.</param>
    internal static void Check(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> framed, Span<byte> check)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        hash.AppendData(framed);
        hash.GetHashAndReset(check);
    }

    /// <summary>Reads what changed since a content was written. An append that a crash left unfinished was used by
    /// nobody, and is no part of it.</summary>
    /// <param name="content">The SHA-256 of the content of the file that the log stands beside.</param>
    /// <returns>The bodies in their order; null where the log is of another content, or there is none: what was
    /// appended is lost.</returns>
    /// <exception cref="StateException"><see cref="StateError.StateCorrupt"/> where more is damaged than an unfinished
    /// append explains, <see cref="StateError.StateNotDurable"/> where it cannot be read.</exception>
    internal List<byte[]>? Load(ReadOnlySpan<byte> content)
    {
        _end = 0;
        if (ReadAll() is not { Length: >= HeadBytes } bytes || !bytes.AsSpan().StartsWith(Magic)
            || !bytes.AsSpan(Magic.Length, CheckBytes).SequenceEqual(content))
        {
            return null;
        }

        var scan = new StateLogScan(bytes);
        var bodies = bytes.Length == FileBytes ? scan.Run() : null;
        if (bodies is null)
        {
            throw new StateException(
                StateError.StateCorrupt, $"{path} is damaged at byte {scan.End}; restore it together with its file");
        }

        _end = scan.End;
        _isTorn = bytes.AsSpan(scan.End).ContainsAnyExcept((byte)0);
        scan.LastCheck.CopyTo(_check);
        return bodies;
    }

    /// <summary>The log is of no content any more, until it begins anew.</summary>
    internal void End() => _end = 0;

    /// <summary>Starts anew for a content that is durable already.</summary>
    /// <param name="content">Its SHA-256.</param>
    /// <exception cref="StateException"><see cref="StateError.StateNotDurable"/>.</exception>
    internal void Begin(ReadOnlySpan<byte> content)
    {
        // Nothing of the old one may be left when the new head is there: first all zeros, then the head.
        _end = 0;
        Write(new byte[FileBytes], 0, create: true);
        Write([.. Magic, .. content], 0);
        content.CopyTo(_check);
        (_end, _isTorn) = (HeadBytes, false);
    }

    /// <summary>Appends an entry, where there is room; returns once it is on the disk.</summary>
    /// <exception cref="StateException"><see cref="StateError.StateNotDurable"/>; the log takes no more until it begins
    /// anew.</exception>
    internal void Append(ReadOnlySpan<byte> body)
    {
        if (!IsBegun || !HasRoom(body.Length))
        {
            throw new ArgumentException($"{body.Length} bytes have no room", nameof(body));
        }

        var entry = new byte[body.Length + FrameBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)body.Length);
        body.CopyTo(entry.AsSpan(LengthBytes));
        Check(_check, entry.AsSpan(0, LengthBytes + body.Length), entry.AsSpan(LengthBytes + body.Length));
        var end = _end;
        _end = 0;
        if (_isTorn)
        {
            // What an unfinished append left must not be taken for a part of this one.
            Write(new byte[FileBytes - end], end);
            _isTorn = false;
        }

        Write(entry, end);
        entry.AsSpan(^CheckBytes..).CopyTo(_check);
        _end = end + entry.Length;
    }

    // Opened anew each time: what is written must be found under its name after a crash.
    private void Write(ReadOnlySpan<byte> bytes, long at, bool create = false)
    {
        try
        {
            using var file = File.OpenHandle(
                path, create ? FileMode.OpenOrCreate : FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            if (create)
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                RandomAccess.SetLength(file, bytes.Length);
            }

            RandomAccess.Write(file, bytes, at);
            DiskSync.SyncData(file);
            if (create)
            {
                DiskSync.SyncFolder(Path.GetDirectoryName(path)!);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StateException(StateError.StateNotDurable, $"{path}: {exception.Message}", exception);
        }
    }

    private byte[]? ReadAll()
    {
        try
        {
            return !File.Exists(path) ? null
                : new FileInfo(path).Length <= FileBytes ? File.ReadAllBytes(path)
                : throw new StateException(StateError.TooLarge, $"{path}: more than {FileBytes} bytes");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StateException(StateError.StateNotDurable, $"{path}: {exception.Message}", exception);
        }
    }
}
