using System.Security.Cryptography;
using Fairlead.Files;

namespace Fairlead.Identities;

/// <summary>
/// What some files say together, read anew when they change: they are looked at when somebody needs them, at most once
/// a second, since volumes that are switched by a symbolic link tell no watcher. What cannot be read leaves the last
/// good value in place, and is told once. Thread-safe.
/// </summary>
/// <typeparam name="T">What they say; immutable.</typeparam>
public sealed class RotatedFiles<T>
    where T : class
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<string> _paths;
    private readonly int _bytesMax;
    private readonly Func<IReadOnlyList<byte[]>, T> _read;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private string? _seen;
    private string? _told;
    private long? _lookedAt;
    private T? _current;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="paths">The files, of which none may be missing.</param>
    /// <param name="bytesMax">The most bytes of one file.</param>
    /// <param name="read">
    /// Makes the value of the files' bytes; throws <see cref="FormatException"/>, <see cref="ArgumentException"/> or
    /// <see cref="CryptographicException"/> where they are not what they should be. Its messages go into a log.
    /// </param>
    /// <param name="time">The clock of the pause between two looks.</param>
    public RotatedFiles(
        IReadOnlyList<string> paths, int bytesMax, Func<IReadOnlyList<byte[]>, T> read, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _paths = paths;
        _bytesMax = bytesMax;
        _read = read;
        _time = time;
    }

    /// <summary>Called with each new value, under the lock: handlers only note it.</summary>
    public Action<T> Renewed { get; init; } = _ => { };

    /// <summary>Called with the reason why the files cannot be used, once for each reason in a row.</summary>
    public Action<string> Unreadable { get; init; } = _ => { };

    /// <summary>The value now; null where none was ever read.</summary>
    public T? Current
    {
        get
        {
            lock (_gate)
            {
                if (_lookedAt is not { } at || _time.GetElapsedTime(at) >= Pause)
                {
                    _lookedAt = _time.GetTimestamp();
                    Look();
                }

                return _current;
            }
        }
    }

    private void Look()
    {
        try
        {
            var contents = _paths.Select(Bytes).ToList();
            var seen = Fingerprint(contents);
            if (seen == _seen)
            {
                return;
            }

            // Between two writes the parts may not belong together: then this throws, and the next look finds them.
            _current = _read(contents);
            (_seen, _told) = (seen, null);
            Renewed(_current);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException
            or ArgumentException or FormatException)
        {
            if (e.Message != _told)
            {
                _told = e.Message;
                Unreadable(e.Message);
            }
        }
    }

    private byte[] Bytes(string path)
    {
        if (RegularFile.Trouble(path) is { } trouble)
        {
            throw new FormatException($"{path}: {trouble}");
        }

        var bytes = RegularFile.Read(path, _bytesMax);
        return bytes.Length <= _bytesMax
            ? bytes
            : throw new FormatException($"{path}: more than {_bytesMax} bytes");
    }

    private static string Fingerprint(List<byte[]> contents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var one in contents)
        {
            hash.AppendData(SHA256.HashData(one));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
