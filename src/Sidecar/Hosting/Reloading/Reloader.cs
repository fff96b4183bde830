using System.Security.Cryptography;
using Fairlead.Configuration;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting.Reloading;

/// <summary>
/// Reads the configuration of a running sidecar anew: when it is asked to, and when the file or the bootstrap file that
/// it names has other bytes. It is looked at every five seconds, since volumes that are switched by a symbolic link
/// tell no watcher. A file that cannot be used changes nothing. What can change while the sidecar runs is changed; what
/// cannot keeps its value and is named. One caller at a time.
/// </summary>
/// <param name="path">The configuration file.</param>
/// <param name="environment">The variables laid over it.</param>
/// <param name="host">What runs.</param>
/// <param name="time">The clock of the looks.</param>
/// <param name="log">Hears what came of each.</param>
internal sealed class Reloader(
    string path, IReadOnlyDictionary<string, string> environment, SidecarHost host, TimeProvider time, ILogger log)
{
    /// <summary>The time between two looks at the files.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private const string BootstrapContent = "bootstrap (its content)";

    private readonly string? _bootstrap = Fingerprint(host.Options.Bootstrap);
    private (string? Configuration, string? Bootstrap) _seen =
        (Fingerprint(path), Fingerprint(host.Options.Bootstrap));

    /// <summary>Reloads at requests and changes until it is told to end; nothing that happens ends it.</summary>
    internal async Task RunAsync(ReloadRequests requests, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var isAsked = await requests.WaitAsync(Pause, time, cancellationToken).ConfigureAwait(false);
                var now = (Fingerprint(path), Fingerprint(host.Options.Bootstrap));

                // A file that is just being replaced is looked at again.
                if (isAsked || (now != _seen && now.Item1 is not null))
                {
                    _seen = now;
                    Reload();
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                // Tried again at the next look: what it reached is in use, and to do that again changes nothing.
                _seen = (null, null);
                ReloadLog.Broke(log, e, path);
            }
        }
    }

    /// <summary>Reads the file and takes over what can be.</summary>
    internal void Reload()
    {
        var before = host.Reloads with { Path = path, ReadAt = time.GetUtcNow() };
        try
        {
            var changes = host.Apply(SidecarOptions.Load(path, environment));
            var rest = Fingerprint(host.Options.Bootstrap) == _bootstrap
                ? changes.Fixed
                : [.. changes.Fixed.Append(BootstrapContent).Order(StringComparer.Ordinal)];
            ReloadLog.Read(log, path, changes.Live.IsEmpty ? "nothing" : string.Join(", ", changes.Live));
            foreach (var key in rest)
            {
                ReloadLog.RestartNeeded(log, path, key);
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

    private static string? Fingerprint(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return Convert.ToHexString(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
