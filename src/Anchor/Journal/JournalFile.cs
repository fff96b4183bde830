using Fairlead.Resolver.State;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Anchor.Journal;

/// <summary>One key's append-only journal: its memory of what it signed, and the log from which its signed state is
/// rebuilt (trust 4.3.4, 4.11, V43). Append before you sign; sign only after <see cref="Append"/> returned.</summary>
/// <remarks>Holds an exclusive lock on the file while it is open. Not safe for concurrent use: it belongs to the loop
/// that signs.</remarks>
internal sealed class JournalFile : IDisposable
{
    // The base library reports a lock that another holds by Linux's EWOULDBLOCK or by Windows' sharing violation.
    private const int WouldBlock = 11;
    private const int SharingViolation = unchecked((int)0x80070020);

    private readonly JournalOptions _options;
    private readonly byte[] _check = new byte[JournalFormat.CheckBytes];
    private SafeFileHandle _file;
    private byte[] _buffer = new byte[4_096];
    private long _length;
    private bool _failed;

    private JournalFile(JournalOptions options, SafeFileHandle file, JournalHeader header)
    {
        _options = options;
        _file = file;
        Header = header;
    }

    /// <summary>Whose journal it is and where it starts.</summary>
    public JournalHeader Header { get; private set; }

    /// <summary>How many entries it holds beside the header.</summary>
    public long Count { get; private set; }

    /// <summary>The bytes in use; what follows is space.</summary>
    public long End { get; private set; }

    /// <summary>Whether the file is long enough that a new one should start at the next archived seal.</summary>
    public bool IsDue => End >= _options.RotateBytes;

    /// <summary>The check of the newest entry, 64 lower-hex digits: the next file's <see cref="JournalHeader.Last"/>.
    /// </summary>
    public string FinalCheck => Convert.ToHexStringLower(_check);

    /// <summary>Begins the journal of a key that has never signed, at a state that is certified.</summary>
    /// <exception cref="JournalException"><see cref="JournalError.JournalConflict"/> when the file exists,
    /// <see cref="JournalError.JournalUnavailable"/>.</exception>
    public static JournalFile Create(JournalOptions options, long baseEpoch, long baseSeq, string baseRoot)
    {
        if (File.Exists(options.Path))
        {
            throw new JournalException(JournalError.JournalConflict, $"{options.Path} exists; a key has one journal");
        }

        var header = new JournalHeader(options.Genesis, options.Kid, baseEpoch, baseSeq, baseRoot);
        var journal = new JournalFile(options, OpenHandle(options.Path + ".new", FileMode.Create), header);
        return journal.Guarded(() => journal.Begin(header, []));
    }

    /// <summary>Opens a key's journal, checks all of it, and cuts off an append that a crash left unfinished (its
    /// signature never left).</summary>
    /// <exception cref="JournalException"><see cref="JournalError.JournalConflict"/> when it is missing, damaged, or of
    /// another key or segment; <see cref="JournalError.JournalLocked"/>;
    /// <see cref="JournalError.JournalUnavailable"/>. The file is left as it is.</exception>
    public static JournalFile Open(JournalOptions options)
    {
        var file = OpenHandle(options.Path, FileMode.Open);
        try
        {
            var scan = new JournalScan(file, options.Path);
            var torn = scan.Run();
            var journal = new JournalFile(options, file, Owned(options, scan.Header!))
            {
                Count = scan.Count,
                End = scan.End,
                _length = RandomAccess.GetLength(file),
            };
            scan.LastCheck.CopyTo(journal._check);
            if (torn)
            {
                journal.Cut();
            }

            return journal;
        }
        catch (IOException exception)
        {
            file.Dispose();
            throw Unavailable(options.Path, exception);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Checks a key's journal as <see cref="Open"/> does, and neither locks nor cuts nor writes anything. It
    /// may be in use: what is appended meanwhile is looked at again before it is called damaged.</summary>
    /// <returns>Whose it is and where it starts.</returns>
    /// <exception cref="JournalException">As of <see cref="Open"/>, but that nobody holds it.</exception>
    public static JournalHeader Inspect(JournalOptions options)
    {
        const int looksMax = 3;
        for (var look = 1; ; look++)
        {
            try
            {
                using var file = DiskSync.OpenUnlocked(options.Path);
                var scan = new JournalScan(file, options.Path);
                _ = scan.Run();
                return Owned(options, scan.Header!);
            }
            catch (JournalException) when (look < looksMax)
            {
                // An append was under way, or another file took its place.
            }
            catch (IOException exception)
            {
                throw Unavailable(options.Path, exception);
            }
        }
    }

    private static JournalHeader Owned(JournalOptions options, JournalHeader header) =>
        header.Kid == options.Kid && header.Genesis == options.Genesis
            ? header
            : throw new JournalException(
                JournalError.JournalConflict,
                $"{options.Path} belongs to key {header.Kid} of segment {header.Genesis}");

    /// <summary>The bodies after the header, in order, read from the file.</summary>
    public IEnumerable<byte[]> Replay() => new JournalScan(_file, _options.Path).Bodies(End);

    /// <summary>Adds a body and returns once it is on the disk: one write into space that exists, one fdatasync.
    /// </summary>
    /// <param name="body">1 byte to 1 MiB.</param>
    /// <exception cref="JournalException"><see cref="JournalError.JournalFull"/>: nothing was written.
    /// <see cref="JournalError.JournalUnavailable"/>: whether it was written is unknown; every later call is refused.
    /// </exception>
    public void Append(ReadOnlySpan<byte> body)
    {
        ArgumentOutOfRangeException.ThrowIfZero(body.Length, nameof(body));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, JournalFormat.BodyBytesMax, nameof(body));
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        if (_failed)
        {
            throw new JournalException(
                JournalError.JournalUnavailable, $"{_options.Path}: an earlier write failed; open it anew");
        }

        var bytes = body.Length + JournalFormat.FrameBytes;
        if (End + bytes > _options.FileBytesMax)
        {
            throw new JournalException(
                JournalError.JournalFull, $"{_options.Path} has reached {_options.FileBytesMax} bytes");
        }

        try
        {
            _failed = true;
            Grow(End + bytes);
            Place(body);
            DiskSync.SyncData(_file);
            _failed = false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(_options.Path, exception);
        }
    }

    /// <summary>Starts a new file at a certified state, in place of this one: the header names this file's final check,
    /// then come the bodies that are still needed. A crash leaves the old file or the new one, whole.</summary>
    /// <exception cref="JournalException">As <see cref="Append"/>; after a failure this object is closed.</exception>
    public void Rotate(long baseEpoch, long baseSeq, string baseRoot, IReadOnlyList<byte[]> carried)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        if (carried.Any(body => body.Length is 0 or > JournalFormat.BodyBytesMax))
        {
            throw new ArgumentException("a body has 1 byte to 1 MiB", nameof(carried));
        }

        var header = new JournalHeader(Header.Genesis, Header.Kid, baseEpoch, baseSeq, baseRoot, FinalCheck);
        if (carried.Sum(b => (long)b.Length + JournalFormat.FrameBytes) + 1_024 > _options.FileBytesMax)
        {
            throw new JournalException(JournalError.JournalFull, $"{_options.Path}: too much to carry over");
        }

        // The old handle keeps its lock until the new file, locked from its first byte, has its name.
        using var old = _file;
        _file = OpenHandle(_options.Path + ".new", FileMode.Create);
        _ = Guarded(() => Begin(header, carried));
    }

    /// <summary>Closes the file and gives up the lock.</summary>
    public void Dispose() => _file.Dispose();

    private static SafeFileHandle OpenHandle(string path, FileMode mode)
    {
        try
        {
            // A lock from FileShare.None is flock(LOCK_EX): it ends with the process, however that ends.
            var file = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.None);
            if (mode == FileMode.Create && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            return file;
        }
        catch (FileNotFoundException exception)
        {
            throw new JournalException(
                JournalError.JournalConflict,
                $"{path} is missing; a key that may have signed does not sign without its journal", exception);
        }
        catch (IOException exception) when (exception.HResult is WouldBlock or SharingViolation)
        {
            throw new JournalException(
                JournalError.JournalLocked, $"{path} is held by another process; a key signs in one place", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(path, exception);
        }
    }

    private static JournalException Unavailable(string path, Exception exception) =>
        new(JournalError.JournalUnavailable, $"{path}: {exception.Message}", exception);

    private JournalFile Guarded(Action write)
    {
        try
        {
            write();
            return this;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _file.Dispose();
            throw Unavailable(_options.Path, exception);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    // Writes a whole new file under another name, makes it durable, then gives it its name.
    private void Begin(JournalHeader header, IReadOnlyList<byte[]> carried)
    {
        Header = header;
        _check.AsSpan().Clear();
        _length = 0;
        Count = -1;
        End = JournalFormat.Magic.Length;
        RandomAccess.Write(_file, JournalFormat.Magic, 0);
        foreach (var body in carried.Prepend(header.Encode()))
        {
            Grow(End + body.Length + JournalFormat.FrameBytes);
            Place(body);
        }

        RandomAccess.FlushToDisk(_file);
        File.Move(_options.Path + ".new", _options.Path, overwrite: true);
        DiskSync.SyncFolder(_options.Folder);
    }

    private void Place(ReadOnlySpan<byte> body)
    {
        var bytes = body.Length + JournalFormat.FrameBytes;
        if (_buffer.Length < bytes)
        {
            _buffer = new byte[bytes];
        }

        _ = JournalFormat.Write(_buffer, body, _check);
        RandomAccess.Write(_file, _buffer.AsSpan(0, bytes), End);
        End += bytes;
        Count++;
    }

    // Real zeros, not a hole: a write into a hole has to allocate, and its sync to write that down.
    private void Grow(long needed)
    {
        if (needed <= _length)
        {
            return;
        }

        var zeros = new byte[Math.Min(_options.ChunkBytes, 1_048_576)];
        var chunks = (needed - _length + _options.ChunkBytes - 1) / _options.ChunkBytes;
        var target = Math.Min(_length + chunks * _options.ChunkBytes, Math.Max(needed, _options.FileBytesMax));
        var from = Math.Max(_length, End);
        for (var at = from; at < target;)
        {
            var bytes = (int)Math.Min(zeros.Length, target - at);
            RandomAccess.Write(_file, zeros.AsSpan(0, bytes), at);
            at += bytes;
        }

        RandomAccess.FlushToDisk(_file);
        _length = target;
    }

    private void Cut()
    {
        var zeros = new byte[Math.Min(_length - End, JournalFormat.BodyBytesMax + JournalFormat.FrameBytes)];
        RandomAccess.Write(_file, zeros, End);
        RandomAccess.FlushToDisk(_file);
    }
}
