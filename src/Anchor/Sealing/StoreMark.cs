using System.Globalization;
using System.Text;
using Fairlead.Resolver.State;
using Fairlead.Store;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// What an anchor remembers of its store outside of it: which one it was, and how far it had come. A store that is
/// another one or an older one was replaced or restored (V47): an alarm, that stops nothing, for the store is no
/// authority. Used by one task.
/// </summary>
internal sealed class StoreMark
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly DurableFile _file;
    private readonly TimeProvider _time;
    private StoreStatus? _seen;
    private long? _savedAt;

    /// <summary>Reads the mark; nothing is compared yet.</summary>
    /// <exception cref="StateException">The file is there and cannot be read.</exception>
    internal StoreMark(string folder, TimeProvider time)
    {
        _file = new DurableFile(System.IO.Path.Combine(folder, "store.mark"), 1024);
        _time = time;
        if (_file.Load() is { } content && Encoding.ASCII.GetString(content).Split(' ') is [var identity, var revision]
            && long.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            _seen = new StoreStatus(identity, number, 0);
        }
    }

    /// <summary>Whether a store was ever used with this folder.</summary>
    internal bool Exists => _seen is not null;

    /// <summary>Compares the store with the mark and moves the mark, on disk at most once a second.</summary>
    /// <returns>What is wrong, or null.</returns>
    /// <exception cref="StateException">The mark cannot be written.</exception>
    internal string? Check(StoreStatus status, bool isLast = false)
    {
        var alarm = _seen is null ? null
            : _seen.Identity != status.Identity ? $"the store is {status.Identity}, it was {_seen.Identity}"
            : _seen.Revision > status.Revision
                ? $"the store stands at revision {status.Revision}, it was at {_seen.Revision}"
            : null;
        var isSame = _seen is not null && _seen.Identity == status.Identity && _seen.Revision == status.Revision;
        _seen = status;
        if (alarm is not null || _savedAt is not { } at
            || (!isSame && (isLast || _time.GetElapsedTime(at) >= Pause)))
        {
            _file.Save(
                Encoding.ASCII.GetBytes(
                    string.Create(CultureInfo.InvariantCulture, $"{status.Identity} {status.Revision}")));
            _savedAt = _time.GetTimestamp();
        }

        return alarm;
    }
}
