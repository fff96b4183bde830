using Fairlead.Configuration;
using Fairlead.Hosting.Reloading;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting.Reloading;

/// <summary>
/// Reads the configuration of a running sidecar anew: when it is asked to, and when the file or the bootstrap file that
/// it names has other bytes. It is looked at every five seconds, since volumes that are switched by a symbolic link
/// tell no watcher. A file that cannot be used changes nothing. What can change while the sidecar runs is changed; what
/// cannot keeps its value and is named. One caller at a time.
/// </summary>
/// <param name="loaded">What the sidecar was started with.</param>
/// <param name="host">What runs.</param>
/// <param name="time">The clock of the looks.</param>
/// <param name="log">Hears what came of each.</param>
internal sealed class Reloader(LoadedConfiguration loaded, SidecarHost host, TimeProvider time, ILogger log)
{
    /// <summary>The time between two looks at the files.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private const string BootstrapContent = "bootstrap (its content)";

    private (string? Configuration, string? Bootstrap) _seen = loaded.Seen;
    private long _looks;

    /// <summary>How often it looked at the files, and was done with what it saw.</summary>
    internal long Looks => Interlocked.Read(ref _looks);

    /// <summary>Reloads at requests and changes until it is told to end; nothing that happens ends it.</summary>
    internal async Task RunAsync(ReloadRequests requests, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var isAsked = await requests.WaitAsync(Pause, time, cancellationToken).ConfigureAwait(false);
                var now = loaded.Look();

                // A file that is just being replaced is looked at again.
                if (isAsked || (now != _seen && now.Configuration is not null))
                {
                    _seen = now;
                    Reload();
                }

                Interlocked.Increment(ref _looks);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                // Tried again at the next look: what it reached is in use, and to do that again changes nothing.
                _seen = (null, null);
                ReloadLog.Broke(log, e, loaded.Path);
            }
        }
    }

    /// <summary>Reads the file and takes over what can be.</summary>
    internal void Reload()
    {
        var before = host.Reloads with { Path = loaded.Path, ReadAt = time.GetUtcNow() };
        try
        {
            var changes = host.Apply(loaded.Reload());
            var rest = loaded.Look().Bootstrap == loaded.Seen.Bootstrap
                ? changes.Fixed
                : [.. changes.Fixed.Append(BootstrapContent).Order(StringComparer.Ordinal)];
            ReloadLog.Read(log, loaded.Path, changes.Live.IsEmpty ? "nothing" : string.Join(", ", changes.Live));
            foreach (var key in rest)
            {
                ReloadLog.RestartNeeded(log, loaded.Path, key);
            }

            host.Reloads = before with
            {
                Applied = before.Applied + (changes.Live.IsEmpty ? 0 : 1),
                Changed = changes.Live,
                RestartNeeded = rest,
                Errors = [],
            };
        }
        catch (ConfigurationException e)
        {
            foreach (var error in e.Errors)
            {
                ReloadLog.Refused(log, error.ToString());
            }

            host.Reloads = before with
            {
                Refused = before.Refused + 1,
                Errors = [.. e.Errors.Select(error => error.ToString())],
            };
        }
    }
}
