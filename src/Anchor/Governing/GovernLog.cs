using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Governing;

/// <summary>What governing logs.</summary>
internal static partial class GovernLog
{
    [LoggerMessage(
        2400, LogLevel.Information, "An operation {Op} waits: {Digest}; this anchor would prepare it: {IsWilling}",
        EventName = "Waits")]
    internal static partial void Waits(ILogger logger, string op, Digest digest, bool isWilling);

    [LoggerMessage(
        2401, LogLevel.Warning, "An operation is refused: {Digest}: {Failure} ({Detail})", EventName = "Refused")]
    internal static partial void Refused(ILogger logger, Digest? digest, VerificationFailure failure, string detail);

    [LoggerMessage(
        2402, LogLevel.Information, "Epoch {Number} is decided, op {Op}: {Digest}", EventName = "Decided")]
    internal static partial void Decided(ILogger logger, long number, string op, Digest digest);

    [LoggerMessage(
        2403, LogLevel.Information, "Another operation was decided first: {Old} goes on as {New}",
        EventName = "Rebased")]
    internal static partial void Rebased(ILogger logger, Digest old, Digest @new);

    [LoggerMessage(2404, LogLevel.Information, "Epoch {Number} is sealed here from now on", EventName = "Moved")]
    internal static partial void Moved(ILogger logger, long number);

    [LoggerMessage(
        2405, LogLevel.Error, "{Voter} voted twice in one round: for {First} and {Second}", EventName = "Evidence")]
    internal static partial void Evidence(ILogger logger, string voter, Digest first, Digest second);

    [LoggerMessage(
        2406, LogLevel.Critical,
        "The gov key must not sign any more: {Failure} ({Detail}). This anchor follows without voting, and the others "
        + "decide while enough of them can. Where its data folder is an older copy, start it with the newest; no "
        + "command replaces an anchor's key yet",
        EventName = "Halted")]
    internal static partial void Halted(ILogger logger, VerificationFailure failure, string detail);

    [LoggerMessage(
        2407, LogLevel.Debug, "A message of {Anchor} about the next epoch had no effect: {Failure} ({Detail})",
        EventName = "Ignored")]
    internal static partial void Ignored(ILogger logger, string anchor, VerificationFailure failure, string detail);

    [LoggerMessage(
        2408, LogLevel.Warning, "Epoch {Number} has expired: nothing is sealed before a newer one is in hand",
        EventName = "Expired")]
    internal static partial void Expired(ILogger logger, long number);

    [LoggerMessage(
        2409, LogLevel.Information, "The gov key's journal starts anew at epoch {Epoch}: {Before} bytes, {After} now",
        EventName = "Rotated")]
    internal static partial void Rotated(ILogger logger, long epoch, long before, long after);

    [LoggerMessage(
        2410, LogLevel.Information,
        "The operator took back {Digest}: the proposal {IsProposal}, the approval {IsApproval}",
        EventName = "TakenBack")]
    internal static partial void TakenBack(ILogger logger, Digest digest, bool isProposal, bool isApproval);
}
