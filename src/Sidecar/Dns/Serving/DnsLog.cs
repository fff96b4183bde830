using System.Net;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Dns;

/// <summary>What the DNS part tells operators; no question of a client above Debug.</summary>
internal static partial class DnsLog
{
    [LoggerMessage(6300, LogLevel.Information, "DNS on {Address}, UDP and TCP; everything else goes to {Upstreams}")]
    internal static partial void Listening(ILogger logger, IPEndPoint address, string upstreams);

    [LoggerMessage(6301, LogLevel.Warning, "left out the upstream {Upstream}: it is this server itself")]
    internal static partial void OwnUpstream(ILogger logger, IPEndPoint upstream);

    [LoggerMessage(6302, LogLevel.Debug, "{Question}: {Rcode} {Reason}")]
    internal static partial void Unanswered(ILogger logger, DnsQuestion question, DnsRcode rcode, string reason);

    [LoggerMessage(6303, LogLevel.Error, "a question could not be answered")]
    internal static partial void Broken(ILogger logger, Exception exception);

    [LoggerMessage(6304, LogLevel.Warning, "the UDP socket reported {Error}")]
    internal static partial void SocketTrouble(ILogger logger, string error);

    [LoggerMessage(6305, LogLevel.Warning, "the TCP listener reported {Error}; it is tried every 100 ms")]
    internal static partial void AcceptTrouble(ILogger logger, string error);
}
