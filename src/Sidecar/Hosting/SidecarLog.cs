using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>What the sidecar says of itself.</summary>
internal static partial class SidecarLog
{
    [LoggerMessage(6000, LogLevel.Warning, "{Who}: {Failure}: {Detail}", EventName = "Trouble")]
    internal static partial void Trouble(ILogger log, string who, VerificationFailure failure, string detail);

    [LoggerMessage(6001, LogLevel.Information, "{Name} is {State}", EventName = "Name")]
    internal static partial void Name(ILogger log, string name, string state);

    [LoggerMessage(
        6002, LogLevel.Warning, "what imports looked like is not remembered: {Reason}", EventName = "Shapes")]
    internal static partial void Shapes(ILogger log, string reason);

    [LoggerMessage(
        6003, LogLevel.Warning, "{Name} has no address in DNS: {Reason}", EventName = "Vip")]
    internal static partial void Vip(ILogger log, string name, string reason);

    [LoggerMessage(6004, LogLevel.Information, "To its anchors this pod is {Identity} until {Expires:u}",
        EventName = "SvidRead")]
    internal static partial void SvidRead(ILogger log, string identity, DateTimeOffset expires);

    [LoggerMessage(6005, LogLevel.Warning, "{File} cannot be used: {Reason}; the last good proof stays in use",
        EventName = "ProofUnreadable")]
    internal static partial void ProofUnreadable(ILogger log, string file, string reason);

    [LoggerMessage(6006, LogLevel.Warning, "The pod's addresses are not followed now: {Reason}",
        EventName = "Families")]
    internal static partial void Families(ILogger log, string reason);
}
