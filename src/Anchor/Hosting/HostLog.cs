using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Hosting;

/// <summary>What the host logs.</summary>
internal static partial class HostLog
{
    [LoggerMessage(2000, LogLevel.Error, "Evidence against a key was found: {Failure}", EventName = "KeyEvidence")]
    internal static partial void Evidence(ILogger logger, VerificationFailure failure);
}
