using System.Globalization;
using Fairlead.Configuration;
using Fairlead.Identities;

namespace Fairlead.Sidecar.Proxy;

/// <summary>Reads the section <c>proxy</c> of a sidecar's configuration. Stateless.</summary>
internal static class ProxySettings
{
    private static readonly ProxyOptions Default = new();

    /// <summary>
    /// Reads the section: <c>enabled</c> (true where the section is there), <c>http</c>, <c>h2c</c>, <c>region</c>,
    /// <c>zone</c>, <c>budget</c>, <c>drain</c>, <c>access_log</c>, <c>access_log_share</c>, <c>access_log_paths</c>,
    /// and <c>spiffe</c> with <c>certificate</c>, <c>key</c> and <c>bundle</c>. What is wrong is added to the file's
    /// errors.
    /// </summary>
    /// <returns>Null where the proxy is off.</returns>
    internal static ProxyOptions? Read(ConfigurationSection root)
    {
        var section = root.Section("proxy", isRequired: false);
        var isEnabled = section.Flag("enabled", section.IsPresent);
        var options = new ProxyOptions
        {
            Http1 = section.LoopbackEndpoint("http", Default.Http1),
            Http2 = section.LoopbackEndpoint("h2c", Default.Http2),
            Region = section.OptionalText("region"),
            Zone = section.OptionalText("zone"),
            Budget = section.Duration(
                "budget", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10), Default.Budget),
            Drain = section.Duration("drain", TimeSpan.Zero, ProxyOptions.DrainMax, Default.Drain),
            AccessLog = section.OneOf<AccessLogMode>("access_log", Default.AccessLog),
            AccessLogShare = section.Value(
                "access_log_share", "a share from 0 to 1, such as 0.01", TryShare, Default.AccessLogShare, true),
            AccessLogPaths = section.Flag("access_log_paths", Default.AccessLogPaths),
            Spiffe = SpiffeOf(section.Section("spiffe", isRequired: false)),
        };
        if (options.Http1.Port != 0 && options.Http1.Equals(options.Http2))
        {
            section.Refuse(
                "h2c", $"is {options.Http2}, where proxy.http listens", "give each protocol a port of its own");
        }

        if (options is { Zone: not null, Region: null })
        {
            section.Refuse("zone", $"{options.Zone} is in no region", "give region too");
        }

        return isEnabled ? options : null;
    }

    // The files may appear later than the sidecar; that they are not there yet is said by the log, at each use.
    private static SpiffePaths? SpiffeOf(ConfigurationSection section) => section.IsPresent
        ? new SpiffePaths(section.FilePath("certificate"), section.FilePath("key"), section.FilePath("bundle"))
        : null;

    private static bool TryShare(string text, out double share) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out share)
        && share is >= 0 and <= 1;
}
