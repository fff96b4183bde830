using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting.Reloading;

/// <summary>What is said of a configuration that is read while its program runs.</summary>
internal static partial class ReloadLog
{
    [LoggerMessage(10_000, LogLevel.Information, "{Path} was read; changed: {Changed}", EventName = "Reloaded")]
    internal static partial void Read(ILogger log, string path, string changed);

    [LoggerMessage(10_001, LogLevel.Warning, "ReloadRefused: {Error}; what ran goes on", EventName = "ReloadRefused")]
    internal static partial void Refused(ILogger log, string error);

    [LoggerMessage(
        10_002, LogLevel.Warning, "RestartNeeded: {Path} has another `{Key}`; it is in force after a restart",
        EventName = "RestartNeeded")]
    internal static partial void RestartNeeded(ILogger log, string path, string key);

    [LoggerMessage(10_003, LogLevel.Error, "{Path} could not be taken over", EventName = "ReloadBroke")]
    internal static partial void Broke(ILogger log, Exception exception, string path);
}
