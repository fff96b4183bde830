using Microsoft.Win32.SafeHandles;

namespace Fairlead.Anchor.Journal;

/// <summary>Reads a journal from its start and tells a torn tail from a damaged middle.</summary>
/// <remarks>At most one append is ever under way, so after the last good entry a crash leaves only zeros and pieces of
/// one entry, in any order in which the disk chose to write its pages. Where anything else follows, entries that were
/// durable are damaged, and their signatures have left: that key must stop.</remarks>
internal sealed class JournalScan(SafeFileHandle file, string path)
{
    // Work allowed for the search behind a bad entry; beyond it the file counts as damaged.
    private const long SearchBytesMax = 256L * 1_048_576;

    private readonly byte[] _buffer = new byte[JournalFormat.BodyBytesMax + JournalFormat.FrameBytes];
    private readonly byte[] _check = new byte[JournalFormat.CheckBytes];
    private readonly long _length = RandomAccess.GetLength(file);

    /// <summary>The header, once read.</summary>
    public JournalHeader? Header { get; private set; }

    /// <summary>The end of the last good entry.</summary>
    public long End { get; private set; }

    /// <summary>How many entries follow the header.</summary>
    public long Count { get; private set; }

    /// <summary>The check of the last good entry.</summary>
    public ReadOnlySpan<byte> LastCheck => _check;

    /// <summary>Reads all good entries; returns whether pieces of an unfinished one follow, to be cut.</summary>
    /// <exception cref="JournalException"><see cref="JournalError.JournalConflict"/>.</exception>
    public bool Run()
    {
        Span<byte> magic = stackalloc byte[JournalFormat.Magic.Length];
        if (Read(magic, 0) < magic.Length || !magic.SequenceEqual(JournalFormat.Magic))
        {
            throw Conflict("it does not begin as a journal does");
        }

        End = magic.Length;
        if (TryNext() is not { } first || JournalHeader.TryDecode(first) is not { } header)
        {
            throw Conflict("its header is damaged");
        }

        Header = header;
        while (TryNext() is not null)
        {
            Count++;
        }

        return HasPieces();
    }

    /// <summary>The bodies after the header; to be called on a fresh scan of a file that is known to be good up to
    /// <paramref name="end"/>.</summary>
    public IEnumerable<byte[]> Bodies(long end)
    {
        End = JournalFormat.Magic.Length;
        _ = TryNext();
        while (End < end)
        {
            yield return TryNext()?.ToArray() ?? throw Conflict("it changed while it was read");
        }
    }

    // The body at End, after which End and the check move on; null when no good entry stands there.
    private ReadOnlyMemory<byte>? TryNext()
    {
        var head = Read(_buffer.AsSpan(0, JournalFormat.LengthBytes), End);
        var body = JournalFormat.BodyLength(_buffer.AsSpan(0, head), _length - End);
        if (body == 0)
        {
            return null;
        }

        var framed = JournalFormat.LengthBytes + body;
        var entry = _buffer.AsSpan(0, framed + JournalFormat.CheckBytes);
        if (Read(entry, End) < entry.Length)
        {
            return null;
        }

        Span<byte> check = stackalloc byte[JournalFormat.CheckBytes];
        JournalFormat.Check(_check, entry[..framed], check);
        if (!check.SequenceEqual(entry[framed..]))
        {
            return null;
        }

        check.CopyTo(_check);
        End += entry.Length;
        return _buffer.AsMemory(JournalFormat.LengthBytes, body);
    }

    private bool HasPieces()
    {
        // One unfinished entry fits into this window; so does the start of whatever would follow it.
        var window = new byte[Math.Min(_length - End, JournalFormat.BodyBytesMax + JournalFormat.FrameBytes)];
        var bytes = window.AsSpan(0, Read(window, End));
        for (var at = End + bytes.Length; at < _length;)
        {
            var read = Read(_buffer, at);
            if (read == 0 || _buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                throw Conflict($"the entry at byte {End} is damaged; more follows than one unfinished append leaves");
            }

            at += read;
        }

        if (!bytes.ContainsAnyExcept((byte)0))
        {
            return false;
        }

        return GoodEntryFollows(bytes)
            ? throw Conflict($"the entry at byte {End} is damaged, and good entries follow it")
            : true;
    }

    private bool GoodEntryFollows(ReadOnlySpan<byte> bytes)
    {
        long work = 0;

        // The bad entry's own check is what was damaged: its successor hangs on the check as it should be.
        var stated = JournalFormat.BodyLength(bytes, bytes.Length);
        if (stated > 0)
        {
            var framed = JournalFormat.LengthBytes + stated;
            Span<byte> check = stackalloc byte[JournalFormat.CheckBytes];
            JournalFormat.Check(_check, bytes[..framed], check);
            if (IsGood(bytes, framed + JournalFormat.CheckBytes, check, ref work))
            {
                return true;
            }
        }

        // Its length or body was damaged: its successor hangs on the check that stands right before it.
        for (var at = JournalFormat.FrameBytes; at < bytes.Length; at++)
        {
            if (IsGood(bytes, at, bytes.Slice(at - JournalFormat.CheckBytes, JournalFormat.CheckBytes), ref work))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsGood(ReadOnlySpan<byte> window, int at, ReadOnlySpan<byte> previous, ref long work)
    {
        var body = JournalFormat.BodyLength(window[at..], _length - End - at);
        if (body == 0)
        {
            return false;
        }

        var framed = JournalFormat.LengthBytes + body;
        work += framed;
        if (work > SearchBytesMax)
        {
            throw Conflict($"the entry at byte {End} is damaged, and what follows it cannot be told");
        }

        var entry = _buffer.AsSpan(0, framed + JournalFormat.CheckBytes);
        Span<byte> check = stackalloc byte[JournalFormat.CheckBytes];
        if (Read(entry, End + at) < entry.Length)
        {
            return false;
        }

        JournalFormat.Check(previous, entry[..framed], check);
        return check.SequenceEqual(entry[framed..]);
    }

    private int Read(Span<byte> target, long offset)
    {
        var total = 0;
        while (total < target.Length)
        {
            var read = RandomAccess.Read(file, target[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    private JournalException Conflict(string detail) => new(JournalError.JournalConflict, $"{path}: {detail}");
}
