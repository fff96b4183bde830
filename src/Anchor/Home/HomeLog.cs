using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home;

/// <summary>What the home side logs.</summary>
internal static partial class HomeLog
{
    [LoggerMessage(
        2200, LogLevel.Information, "Moving to another anchor of {Target}: {Failure} ({Detail})", EventName = "Moved")]
    internal static partial void Moved(ILogger logger, Digest target, VerificationFailure failure, string detail);
}
