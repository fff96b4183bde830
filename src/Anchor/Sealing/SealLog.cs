using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Sealing;

/// <summary>What sealing logs.</summary>
internal static partial class SealLog
{
    [LoggerMessage(2100, LogLevel.Critical, "Sealing ended; this anchor signs nothing any more", EventName = "Ended")]
    internal static partial void Ended(ILogger logger, Exception error);

    [LoggerMessage(2101, LogLevel.Error, "Contradicting statements were found: {Failure}", EventName = "Evidence")]
    internal static partial void Evidence(ILogger logger, VerificationFailure failure);

    [LoggerMessage(
        2102, LogLevel.Critical,
        "The seal key must not sign any more: {Failure} ({Detail}). This anchor follows and serves without signing; "
        + "the others seal while enough of them can. Where its data folder is an older copy, start it with the newest; "
        + "no command replaces an anchor's key yet",
        EventName = "Halted")]
    internal static partial void Halted(ILogger logger, VerificationFailure failure, string detail);

    [LoggerMessage(
        2103, LogLevel.Debug, "A message of {Anchor} had no effect: {Failure} ({Detail})", EventName = "Ignored")]
    internal static partial void Ignored(ILogger logger, string anchor, VerificationFailure failure, string detail);

    [LoggerMessage(
        2104, LogLevel.Warning, "The archive cannot be written; sealing goes on without it", EventName = "NotArchived")]
    internal static partial void NotArchived(ILogger logger, Exception error);

    [LoggerMessage(
        2109, LogLevel.Information, "The archive is written again; it was not since {Since} (Unix ms)",
        EventName = "ArchivedAgain")]
    internal static partial void ArchivedAgain(ILogger logger, long since);

    [LoggerMessage(
        2105, LogLevel.Information, "A new journal starts at seal {Epoch}.{Seq}: {Before} bytes before, {After} now",
        EventName = "Rotated")]
    internal static partial void Rotated(ILogger logger, long epoch, long seq, long before, long after);

    [LoggerMessage(2106, LogLevel.Warning,
        "The journal starts at seal {Epoch}.{Seq}, which the archive lacks: nothing is signed before others show it",
        EventName = "BaseMissing")]
    internal static partial void BaseMissing(ILogger logger, long epoch, long seq);

    [LoggerMessage(
        2108, LogLevel.Error, "What {Source} said failed in a way that nobody foresaw; it is taken as not said",
        EventName = "Unforeseen")]
    internal static partial void Unforeseen(ILogger logger, Exception error, string source);

    [LoggerMessage(
        2107, LogLevel.Critical, "StoreRolledBack: {Detail}; sealing goes on, the archive is written anew",
        EventName = "StoreRolledBack")]
    internal static partial void StoreRolledBack(ILogger logger, string detail);
}
