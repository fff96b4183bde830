using System.Security.Cryptography;
using Fairlead.Files;
using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting.Reloading;

/// <summary>
/// The configuration file of a program that runs: read for the start, and anew when somebody asks or when the file has
/// other bytes than those that were read. It is looked at every five seconds, since volumes that are switched by a
/// symbolic link tell no watcher. A file that cannot be used changes nothing. One caller at a time.
/// </summary>
/// <typeparam name="T">The options.</typeparam>
public sealed class ReloadableConfiguration<T>
    where T : class
{
    /// <summary>The time between two looks at the file.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly Func<T> _read;
    private readonly Func<Exception, bool> _isRefused;
    private string? _seen;
    private long _looks;

    /// <summary>Reads the options for the first time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Reads the options from it.</param>
    /// <param name="isRefused">Errors of <paramref name="read"/> that are the operator's to mend; a line of the message
    /// for each.</param>
    /// <exception cref="Exception">What <paramref name="read"/> throws.</exception>
    public ReloadableConfiguration(string path, Func<T> read, Func<Exception, bool> isRefused)
    {
        ArgumentNullException.ThrowIfNull(read);
        _path = path;
        _read = read;
        _isRefused = isRefused;

        // Before the options: a change that comes while the program starts is seen by the first look.
        _seen = Fingerprint();
        Options = read();
    }

    /// <summary>The options that the program starts with.</summary>
    public T Options { get; }

    /// <summary>How often it looked at the file, and was done with what it saw.</summary>
    public long Looks => Interlocked.Read(ref _looks);

    /// <summary>Reloads at requests and changes until it is told to end; nothing that happens ends it.</summary>
    /// <param name="apply">Takes over what can be of new options, and says what that was.</param>
    /// <param name="requests">Hears when somebody asks.</param>
    /// <param name="time">The clock of the looks.</param>
    /// <param name="log">Hears what came of each reload.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(
        Func<T, OptionDifference> apply, ReloadRequests requests, TimeProvider time, ILogger log,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(apply);
        ArgumentNullException.ThrowIfNull(requests);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var isAsked = await requests.WaitAsync(Pause, time, cancellationToken).ConfigureAwait(false);
                var now = Fingerprint();

                // A file that is just being replaced is looked at again.
                if (isAsked || (now != _seen && now is not null))
                {
                    _seen = now;
                    Reload(apply, log);
                }

                Interlocked.Increment(ref _looks);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Tried again at the next look: what it reached is in use, and to do that again changes nothing.
                _seen = null;
                ReloadLog.Broke(log, e, _path);
            }
        }
    }

    private void Reload(Func<T, OptionDifference> apply, ILogger log)
    {
        try
        {
            var difference = apply(_read());
            ReloadLog.Read(
                log, _path, difference.Changed.IsEmpty ? "nothing" : string.Join(", ", difference.Changed));
            foreach (var key in difference.RestartNeeded)
            {
                ReloadLog.RestartNeeded(log, _path, key);
            }
        }
        catch (Exception e) when (_isRefused(e))
        {
            foreach (var error in e.Message.Split('\n', StringSplitOptions.TrimEntries))
            {
                ReloadLog.Refused(log, error);
            }
        }
    }

    private string? Fingerprint()
    {
        try
        {
            using var stream = new FileStream(RegularFile.Open(_path), FileAccess.Read);
            return Convert.ToHexString(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
