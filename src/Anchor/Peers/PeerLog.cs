using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Peers;

/// <summary>What the connections to the other anchors log: when one breaks or is not made, and when it works.</summary>
internal static partial class PeerLog
{
    [LoggerMessage(
        2600, LogLevel.Warning,
        "Anchor {Anchor} is out of reach at {Address}: {Reason}; see that it runs and listens there",
        EventName = "Unreachable")]
    internal static partial void Unreachable(ILogger logger, string anchor, string address, string reason);

    [LoggerMessage(2601, LogLevel.Information, "Anchor {Anchor} is reached at {Address}", EventName = "Reached")]
    internal static partial void Reached(ILogger logger, string anchor, string address);
}
