using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home;

/// <summary>What the home side logs.</summary>
internal static partial class HomeLog
{
    [LoggerMessage(
        2200, LogLevel.Information, "Moving to another anchor of {Target}: {Failure} ({Detail})", EventName = "Moved")]
    internal static partial void Moved(ILogger logger, string target, VerificationFailure failure, string detail);

    [LoggerMessage(
        2201, LogLevel.Information, "No introduction by {Transit} to {Target}: {Failure} ({Detail})",
        EventName = "NotIntroduced")]
    internal static partial void NotIntroduced(
        ILogger logger, string transit, string target, VerificationFailure failure, string detail);

    [LoggerMessage(
        2202, LogLevel.Warning, "Introductions are not kept over a restart: {Problem}",
        EventName = "IntroductionsLost")]
    internal static partial void IntroductionsLost(ILogger logger, string problem);

    [LoggerMessage(
        2213, LogLevel.Warning,
        "{Count} introductions have no room in their file and are not kept over a restart, among them {Target}'s",
        EventName = "IntroductionsFull")]
    internal static partial void IntroductionsFull(ILogger logger, int count, string target);

    [LoggerMessage(
        2203, LogLevel.Information, "The way to {Target} ends at {Transit}: {Result}", EventName = "WayEnded")]
    internal static partial void WayEnded(ILogger logger, string target, string transit, string result);

    [LoggerMessage(
        2204, LogLevel.Error, "Evidence ({Kind}) against keys of {Segment} counts from now on",
        EventName = "Evidence")]
    internal static partial void Evidence(ILogger logger, string kind, Digest segment);

    [LoggerMessage(
        2206, LogLevel.Information, "Evidence ({Kind}) against keys of {Segment} changes nothing: {Failure} ({Detail})",
        EventName = "EvidenceRefused")]
    internal static partial void EvidenceRefused(
        ILogger logger, string kind, Digest segment, VerificationFailure failure, string detail);

    [LoggerMessage(
        2207, LogLevel.Information, "The own anchors were asked for {Segment} up to epoch {Epoch}: {Result}",
        EventName = "AskedOwn")]
    internal static partial void AskedOwn(ILogger logger, string segment, long epoch, string result);

    [LoggerMessage(
        2208, LogLevel.Error, "Evidence against keys of {Segment} could not be handled", EventName = "EvidenceFailed")]
    internal static partial void EvidenceFailed(ILogger logger, Exception exception, Digest segment);

    [LoggerMessage(
        2209, LogLevel.Warning, "More evidence against keys of {Segment} than is passed on to other segments",
        EventName = "NotPassedOn")]
    internal static partial void NotPassedOn(ILogger logger, Digest segment);

    [LoggerMessage(
        2210, LogLevel.Warning,
        "What is remembered of other segments may be older than what was used: {Problem}", EventName = "StateLogLost")]
    internal static partial void StateLogLost(ILogger logger, string problem);

    [LoggerMessage(
        2211, LogLevel.Error, "A stream to an anchor of {Target} failed in a way that nobody foresaw",
        EventName = "StreamFailed")]
    internal static partial void StreamFailed(ILogger logger, Exception exception, string target);

    [LoggerMessage(
        2212, LogLevel.Error, "Looking for a way to {Target} failed in a way that nobody foresaw",
        EventName = "WalkFailed")]
    internal static partial void WalkFailed(ILogger logger, Exception exception, string target);

    [LoggerMessage(
        2205, LogLevel.Information, "{Anchor} of {Segment} takes no evidence against keys of {Accused}: {Reason}",
        EventName = "NotReported")]
    internal static partial void NotReported(
        ILogger logger, string anchor, Digest segment, Digest accused, string reason);
}
