using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Identities;

internal static partial class IdentityLog
{
    [LoggerMessage(2500, LogLevel.Information, "{File} is read: {What}")]
    public static partial void Read(ILogger logger, string file, string what);

    [LoggerMessage(2501, LogLevel.Warning, "{File} cannot be used: {Reason}; what it last said stays in use")]
    public static partial void Unreadable(ILogger logger, string file, string reason);
}
