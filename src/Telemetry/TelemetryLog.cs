using Microsoft.Extensions.Logging;

namespace Fairlead.Telemetry;

/// <summary>What telemetry says of itself.</summary>
internal static partial class TelemetryLog
{
    [LoggerMessage(9000, LogLevel.Warning, "the numbers cannot be read and are not sent: {Reason}",
        EventName = "NoNumbers")]
    internal static partial void NoNumbers(ILogger log, string reason);

    [LoggerMessage(9001, LogLevel.Warning, "the collector did not take the last numbers and spans within {Seconds} s",
        EventName = "EndOverdue")]
    internal static partial void EndOverdue(ILogger log, double seconds);
}
