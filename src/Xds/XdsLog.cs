using Microsoft.Extensions.Logging;

namespace Fairlead.Xds;

internal static partial class XdsLog
{
    [LoggerMessage(4000, LogLevel.Information, "xDS stream {Stream} opened by {Node} ({Agent}) from {Peer}")]
    public static partial void StreamOpened(ILogger logger, long stream, string node, string agent, string peer);

    [LoggerMessage(4001, LogLevel.Information, "xDS stream {Stream} closed")]
    public static partial void StreamClosed(ILogger logger, long stream);

    [LoggerMessage(4002, LogLevel.Warning, "xDS stream {Stream} refused {Type} {Version}: {Code} {Reason}")]
    public static partial void ResponseRefused(
        ILogger logger, long stream, ResourceType type, string version, int code, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "xDS stream {Stream} ended: {Refusal}, {Detail}")]
    public static partial void StreamRefused(ILogger logger, long stream, StreamRefusal refusal, string detail);

    [LoggerMessage(4004, LogLevel.Warning, "xDS stream {Stream} aborted: a response was not read for {Timeout}")]
    public static partial void SendTimedOut(ILogger logger, long stream, TimeSpan timeout);

    [LoggerMessage(4005, LogLevel.Debug, "xDS stream {Stream} sent {Type} {Version}, {Count} resources")]
    public static partial void ResponseSent(ILogger logger, long stream, string type, string version, int count);

    [LoggerMessage(4006, LogLevel.Warning, "xDS stream from {Peer} turned away: {Limit} streams are open")]
    public static partial void StreamTurnedAway(ILogger logger, string peer, int limit);

    [LoggerMessage(4008, LogLevel.Warning, "xDS stream {Stream} from {Peer} ended: no request for {Timeout}")]
    public static partial void StreamSilent(ILogger logger, long stream, string peer, TimeSpan timeout);

    [LoggerMessage(4007, LogLevel.Warning, "xDS stream {Stream} is not sent {Type} {Name} {Version}: {Reason}")]
    public static partial void ResourceWithheld(
        ILogger logger, long stream, ResourceType type, string name, string version, string reason);

    [LoggerMessage(
        4009, LogLevel.Warning, "An xDS request of {Bytes} bytes was read without {Count} names that are too many")]
    public static partial void NamesLeftOut(ILogger logger, long bytes, int count);

    [LoggerMessage(4010, LogLevel.Warning, "xDS stream {Stream} from {Peer} ended by a request: {Code}, {Detail}")]
    public static partial void RequestRefused(
        ILogger logger, long stream, string peer, Rpc.StatusCode code, string detail);

    [LoggerMessage(
        4011, LogLevel.Warning, "xDS stream {Stream} is served without {Count} {Type} that it wants: {Refusal}")]
    public static partial void LeftOut(
        ILogger logger, long stream, int count, ResourceType type, StreamRefusal refusal);
}
