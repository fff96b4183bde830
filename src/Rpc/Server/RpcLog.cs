using System.Net;
using Microsoft.Extensions.Logging;

namespace Fairlead.Rpc;

internal static partial class RpcLog
{
    [LoggerMessage(8001, LogLevel.Error, "The handler of {Method} threw.")]
    public static partial void HandlerThrew(ILogger logger, string method, Exception exception);

    [LoggerMessage(8002, LogLevel.Warning, "A stream of {Method} was cut off: its reader took nothing for {Timeout}.")]
    public static partial void StalledReader(ILogger logger, string method, TimeSpan timeout);

    [LoggerMessage(8003, LogLevel.Warning, "BadKey: a client certificate from {Address} holds no P-256 key.")]
    public static partial void BadKey(ILogger logger, IPAddress? address);
}
