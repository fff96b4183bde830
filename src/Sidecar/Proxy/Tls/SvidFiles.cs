using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Proxy.Tls;

/// <summary>
/// The pod's SVID, read anew when its files change: they are looked at when somebody needs them, at most once a second,
/// since volumes that are switched by a symbolic link tell no watcher. What cannot be read leaves the last good one in
/// place. Thread-safe.
/// </summary>
internal sealed class SvidFiles(SpiffePaths? paths, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private string? _seen;
    private long? _lookedAt;
    private Svid? _current;

    /// <summary>The SVID now; null where the pod has none.</summary>
    internal Svid? Current
    {
        get
        {
            if (paths is null)
            {
                return null;
            }

            lock (_gate)
            {
                if (_lookedAt is not { } at || time.GetElapsedTime(at) >= Pause)
                {
                    _lookedAt = time.GetTimestamp();
                    Look(paths);
                }

                return _current;
            }
        }
    }

    private void Look(SpiffePaths files)
    {
        try
        {
            string[] texts = [.. new[] { files.Certificate, files.Key, files.Bundle }.Select(File.ReadAllText)];
            var seen = Convert.ToHexString(
                SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\0', texts))));
            if (seen == _seen)
            {
                return;
            }

            // Between two writes the key is not the certificate's: then this throws, and the next look finds both.
            _current = Svid.Read(texts[0], texts[1], texts[2]);
            _seen = seen;
            ProxyLog.SvidRead(logger, _current.Identity, _current.Expires);
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            ProxyLog.SvidUnreadable(logger, files.Certificate, e.Message);
        }
    }
}
