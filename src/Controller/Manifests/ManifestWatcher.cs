using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Fairlead.Controller.Manifests;

/// <summary>
/// Tells what changes in a folder of manifests. Events of the file system say when to look and which files to read
/// whatever their size and time; a timer looks as well, because events get lost on some mounts. A file that was renamed
/// into place is whole, so it is read at once; one that is being written is read when the folder was quiet for a
/// moment. Where the kernel has no room for another listener the timer alone looks.
/// </summary>
internal sealed class ManifestWatcher : IDisposable
{
    private readonly string _folder;
    private readonly TimeSpan _debounce;
    private readonly TimeSpan _rescan;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FolderScanner _scanner;
    private readonly Channel<Signal> _signals = Channel.CreateUnbounded<Signal>();
    private readonly FileSystemWatcher _watcher;
    private readonly Action<FileSystemWatcher> _listen;
    private volatile string? _failure;
    private bool _isDeaf;

    /// <summary>Begins to listen, so that no change after this is missed.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="debounce">How long it must be quiet before a file that is being written is read.</param>
    /// <param name="rescan">How often the whole folder is looked at.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of what cannot be read.</param>
    /// <param name="listen">Starts the events; null for those of the file system.</param>
    /// <exception cref="ArgumentException">The folder does not exist.</exception>
    public ManifestWatcher(
        string folder,
        TimeSpan debounce,
        TimeSpan rescan,
        TimeProvider time,
        ILogger logger,
        Action<FileSystemWatcher>? listen = null)
    {
        _listen = listen ?? (static watcher => watcher.EnableRaisingEvents = true);
        _folder = folder;
        _debounce = debounce;
        _rescan = rescan;
        _time = time;
        _logger = logger;
        _scanner = new(folder);
        _watcher = new(folder) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size };
        _watcher.Created += (_, change) => Written(change.Name);
        _watcher.Changed += (_, change) => Written(change.Name);
        _watcher.Deleted += (_, change) => Put(change.Name, isWhole: false);
        _watcher.Renamed += (_, change) =>
            Put(change.Name, isWhole: FolderScanner.IsManifest(change.Name ?? string.Empty));
        _watcher.Error += (_, _) => Put(null, isWhole: false);
        Listen();
    }

    /// <summary>Why the folder could not be looked at the last time; null where it could.</summary>
    public string? Failure => _failure;

    /// <summary>The whole folder first, as soon as it can be listed, then what changes, until cancelled.</summary>
    public async IAsyncEnumerable<ManifestScan> ScansAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = _time.CreateTimer(_ => Put(null, isWhole: true), null, _rescan, _rescan);
        var first = Scan(null);
        while (first is null)
        {
            // A folder that cannot be listed is not an empty one: nothing is known of what it wants.
            await _signals.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
            await QuietAsync(cancellationToken).ConfigureAwait(false);
            first = Scan(null);
        }

        yield return first;
        while (await _signals.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var touched = await QuietAsync(cancellationToken).ConfigureAwait(false);
            if (Scan(touched) is { IsEmpty: false } scan)
            {
                yield return scan;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _watcher.Dispose();

    // What is written beside the manifests, to be renamed into place later, must not delay that. Names with two dots
    // are those of a mounted ConfigMap, which its files are linked to.
    private void Written(string? name)
    {
        if (name is null || FolderScanner.IsManifest(name) || name.StartsWith("..", StringComparison.Ordinal))
        {
            Put(name, isWhole: false);
        }
    }

    private void Put(string? name, bool isWhole) => _signals.Writer.TryWrite(new(name, isWhole));

    // Takes signals until the last of them names a whole file, or none came for a moment. Somebody who never stops
    // writing is not waited for: after five moments the scan comes anyway.
    private async Task<IReadOnlySet<string>> QuietAsync(CancellationToken cancellationToken)
    {
        var touched = new HashSet<string>(StringComparer.Ordinal);
        for (var moments = 0; moments < 5; moments++)
        {
            var isWhole = true;
            while (_signals.Reader.TryRead(out var signal))
            {
                isWhole &= signal.IsWhole;
                if (signal.Name is { } name)
                {
                    touched.Add(name);
                }
            }

            if (isWhole)
            {
                break;
            }

            await Task.Delay(_debounce, _time, cancellationToken).ConfigureAwait(false);
            if (!_signals.Reader.TryPeek(out _))
            {
                break;
            }
        }

        return touched;
    }

    private ManifestScan? Scan(IReadOnlySet<string>? touched)
    {
        try
        {
            var scan = _scanner.Scan(touched);
            if (_failure is not null)
            {
                _failure = null;
                ListenAnew();
            }

            return scan;
        }
        catch (Exception bad) when (bad is IOException or UnauthorizedAccessException)
        {
            if (_failure != bad.Message)
            {
                _logger.FolderUnreadable(_folder, bad.Message);
            }

            _failure = bad.Message;
            return null;
        }
    }

    // What was listened to may be another folder than the one that is there now, or none. A look follows, for what
    // changed since the last one.
    private void ListenAnew()
    {
        _watcher.EnableRaisingEvents = false;
        Listen();
        Put(null, isWhole: true);
    }

    // Each user has only so many listeners (fs.inotify.max_user_instances), and each process so many files.
    private void Listen()
    {
        try
        {
            _listen(_watcher);
            _isDeaf = false;
        }
        catch (IOException e)
        {
            // No events, then: the timer looks all the same.
            if (!_isDeaf)
            {
                _logger.FolderUnheard(_folder, e.Message, _rescan);
            }

            _isDeaf = true;
        }
    }

    private readonly record struct Signal(string? Name, bool IsWhole);
}
