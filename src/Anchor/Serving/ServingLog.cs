using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Serving;

/// <summary>What serving logs.</summary>
internal static partial class ServingLog
{
    [LoggerMessage(
        2300, LogLevel.Warning, "The attest of {Anchor} cannot be used: {Failure} ({Detail})",
        EventName = "AttestRefused")]
    internal static partial void AttestRefused(
        ILogger logger, string anchor, VerificationFailure failure, string detail);

    [LoggerMessage(2301, LogLevel.Debug, "{Anchor} gave no attest: {Reason}", EventName = "NotAttested")]
    internal static partial void NotAttested(ILogger logger, string anchor, string reason);

    [LoggerMessage(
        2302, LogLevel.Information,
        "Denied as {Role}: {Name} to {Namespace}/{Account} of {Home}: {Cause}, Rule {Rule} for {Pattern}, "
        + "epoch {Epoch}",
        EventName = "Denied")]
    internal static partial void Denied(
        ILogger logger, string role, string name, string? @namespace, string? account, Digest home, DenialCause cause,
        string? rule, string? pattern, long epoch);
}
