using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;

namespace Fairlead.Resolver.State;

/// <summary>
/// The verified answers of one consumer, a file for each name, so that a renewal costs what changed and a damaged file
/// one name. Written in the background, the newest of each name alone; a crash loses what was not written yet, and the
/// name is asked for again. Thread-safe.
/// </summary>
internal sealed class AnswerFolder : IAsyncDisposable
{
    private const string Suffix = ".answer";

    // How many files wait for the disk together at the most, where more of them come all the time.
    private const int Together = 64;

    /// <summary>The longest that any answer can be served: an hour of life, and a day of continuity.</summary>
    private static readonly TimeSpan AgeMax = TimeSpan.FromHours(25);

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly int _filesMax;
    private readonly Action<string, StateException> _failed;
    private readonly Action<string> _sync;
    private readonly ConcurrentDictionary<string, KeptAnswer?> _waiting = new(StringComparer.Ordinal);
    private readonly Channel<string> _names = Channel.CreateUnbounded<string>();
    private readonly Task _writing;

    /// <summary>A folder, which is made with the first answer.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="time">Says which files are too old to be of use.</param>
    /// <param name="filesMax">How many files are left there at the start.</param>
    /// <param name="failed">Hears the name whose file cannot be read or written, and why. Also on other tasks.</param>
    /// <param name="sync">Waits until the names in a folder are on the disk; null for the system's.</param>
    internal AnswerFolder(
        string folder,
        TimeProvider time,
        int filesMax,
        Action<string, StateException> failed,
        Action<string>? sync = null)
    {
        _folder = folder;
        _time = time;
        _filesMax = filesMax;
        _failed = failed;
        _sync = sync ?? DiskSync.SyncFolder;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>The answer of a name as it was kept; null for none. One that is damaged is told of, and set
    /// aside.</summary>
    internal KeptAnswer? Load(string name)
    {
        // What is not written yet is newer than the file: of a name that was dropped nothing may come back (V58).
        if (_waiting.TryGetValue(name, out var waiting))
        {
            return waiting;
        }

        var path = PathOf(name);
        string error;
        try
        {
            if (new DurableFile(path, KeptAnswer.MaxBytes).Load() is not { } bytes)
            {
                return null;
            }

            if (KeptAnswer.TryRead(bytes, name, out var kept, out var malformed))
            {
                return kept;
            }

            error = $"{path}: {malformed}";
        }
        catch (StateException e) when (e.Error != StateError.StateNotDurable)
        {
            error = e.Detail;
        }
        catch (StateException e)
        {
            _failed(name, e);
            return null;
        }

        SetAside(path);
        _failed(name, new StateException(StateError.StateCorrupt, $"{error}; set aside as {path}.corrupt"));
        return null;
    }

    /// <summary>Keeps the newest answer of a name.</summary>
    internal void Keep(KeptAnswer answer) => Put(answer.Name, answer);

    /// <summary>Keeps no answer of a name: it must not be served after a restart.</summary>
    internal void Drop(string name) => Put(name, null);

    /// <summary>Ends when all that was told before is written.</summary>
    public async ValueTask DisposeAsync()
    {
        _names.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
    }

    private void Put(string name, KeptAnswer? answer)
    {
        // A name is queued once, however often it changes before it is written.
        while (true)
        {
            if (_waiting.TryAdd(name, answer))
            {
                _names.Writer.TryWrite(name);
                return;
            }

            if (_waiting.TryGetValue(name, out var older) && _waiting.TryUpdate(name, answer, older))
            {
                return;
            }
        }
    }

    private async Task WriteAsync()
    {
        Tidy();
        var others = 0;
        await foreach (var name in _names.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            // It waits until it is on the disk, and so does what came meanwhile.
            while (_waiting.TryGetValue(name, out var answer))
            {
                Write(name, answer);
                others++;
                _waiting.TryRemove(KeyValuePair.Create(name, answer));
            }

            if (others >= Together || (others > 0 && !_names.Reader.TryPeek(out _)))
            {
                others = 0;
                Sync();
            }
        }
    }

    // What was dropped or replaced must not be there again when the power comes back: once for all that were together.
    private void Sync()
    {
        try
        {
            if (Directory.Exists(_folder))
            {
                _sync(_folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _failed("", new StateException(StateError.StateNotDurable, $"{_folder}: {e.Message}", e));
        }
    }

    private void Write(string name, KeptAnswer? answer)
    {
        try
        {
            if (answer is null)
            {
                if (Directory.Exists(_folder))
                {
                    File.Delete(PathOf(name));
                }

                return;
            }

            Directory.CreateDirectory(
                _folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            new DurableFile(PathOf(name), KeptAnswer.MaxBytes).Replace(answer.Write());
        }
        catch (StateException e)
        {
            _failed(name, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _failed(name, new StateException(StateError.StateNotDurable, $"{PathOf(name)}: {e.Message}", e));
        }
    }

    // Names that nobody wanted since leave their files behind.
    private void Tidy()
    {
        try
        {
            if (!Directory.Exists(_folder))
            {
                return;
            }

            var oldest = _time.GetUtcNow().UtcDateTime - AgeMax;
            var files = new DirectoryInfo(_folder).GetFiles("*" + Suffix)
                .OrderByDescending(file => file.LastWriteTimeUtc).ToList();
            for (var i = 0; i < files.Count; i++)
            {
                if (i >= _filesMax || files[i].LastWriteTimeUtc < oldest)
                {
                    files[i].Delete();
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _failed("", new StateException(StateError.StateNotDurable, $"{_folder}: {e.Message}", e));
        }
    }

    private void SetAside(string path)
    {
        try
        {
            File.Move(path, path + ".corrupt", overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _failed("", new StateException(StateError.StateNotDurable, $"{path}: {e.Message}", e));
        }
    }

    // A name is no file name: its hash is one on every file system.
    private string PathOf(string name) => Path.Combine(
        _folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name))) + Suffix);
}
