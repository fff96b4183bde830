using System.Security.Cryptography;
using Fairlead.Configuration;
using Fairlead.Files;

namespace Fairlead.Sidecar.Hosting.Reloading;

/// <summary>
/// The options that a sidecar starts with, and what their files held before anybody read them: a change that comes
/// while it starts is one that the first look sees. Immutable.
/// </summary>
/// <param name="Path">The configuration file.</param>
/// <param name="Environment">The variables laid over it.</param>
/// <param name="ResolvConf">Where the system's DNS servers stand.</param>
internal sealed record LoadedConfiguration(
    string Path, IReadOnlyDictionary<string, string> Environment, string ResolvConf)
{
    /// <summary>The options as they were read first.</summary>
    internal required SidecarOptions Options { get; init; }

    /// <summary>What the configuration and the bootstrap file held then, as <see cref="Look"/> says it.</summary>
    internal required (string? Configuration, string? Bootstrap) Seen { get; init; }

    /// <summary>Reads a configuration for the first time.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; the message holds all of it.</exception>
    internal static LoadedConfiguration Load(
        string path, IReadOnlyDictionary<string, string> environment, string resolvConf = Dns.ResolvConf.Path)
    {
        var configuration = Fingerprint(path);
        var options = SidecarOptions.Load(path, environment, resolvConf);
        return new LoadedConfiguration(path, environment, resolvConf)
        {
            Options = options,
            Seen = (configuration, Fingerprint(options.Bootstrap)),
        };
    }

    /// <summary>Reads the configuration anew.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; the message holds all of it.</exception>
    internal SidecarOptions Reload() => SidecarOptions.Load(Path, Environment, ResolvConf);

    /// <summary>What the files hold now; null for one that cannot be read.</summary>
    internal (string? Configuration, string? Bootstrap) Look() => (Fingerprint(Path), Fingerprint(Options.Bootstrap));

    private static string? Fingerprint(string file)
    {
        try
        {
            using var stream = new FileStream(RegularFile.Open(file), FileAccess.Read);
            return Convert.ToHexString(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
