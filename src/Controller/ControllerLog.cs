using Microsoft.Extensions.Logging;

namespace Fairlead.Controller;

/// <summary>The controller's log events: 7000-7099.</summary>
internal static partial class ControllerLog
{
    [LoggerMessage(
        7000, LogLevel.Information, "publishing {Manifests} to {Segment} through {Anchors} anchors as {Kid}")]
    public static partial void Started(this ILogger logger, string manifests, string segment, int anchors, string kid);

    [LoggerMessage(7001, LogLevel.Warning, "{Problem}")]
    public static partial void ManifestRefused(this ILogger logger, string problem);

    [LoggerMessage(7002, LogLevel.Information, "manifests are free of problems again")]
    public static partial void ManifestsMended(this ILogger logger);

    [LoggerMessage(7003, LogLevel.Information, "read {Files} changed manifests: {Records} records desired")]
    public static partial void Reconciled(this ILogger logger, int files, int records);

    [LoggerMessage(7004, LogLevel.Warning,
        "anchor {Anchor}: {Reason}; its documents go to other anchors, check its address and that it runs")]
    public static partial void AnchorFailed(this ILogger logger, string anchor, string reason);

    [LoggerMessage(7005, LogLevel.Warning, "anchor {Anchor} refused {Name}: {Refusal}")]
    public static partial void Refused(this ILogger logger, string anchor, string name, string refusal);

    [LoggerMessage(7006, LogLevel.Information, "read {Leaves} published leaves from {Anchors} anchors")]
    public static partial void StateRead(this ILogger logger, int leaves, int anchors);

    [LoggerMessage(7007, LogLevel.Warning,
        "only {Read} of {Needed} anchors gave their state, so nothing is published yet; next try in {Pause}")]
    public static partial void StateMissing(this ILogger logger, int read, int needed, TimeSpan pause);

    [LoggerMessage(7008, LogLevel.Debug, "anchor {Anchor}: {Name} version {Version} {Fate}")]
    public static partial void Reported(this ILogger logger, string anchor, string name, long version, string fate);

    [LoggerMessage(
        7009, LogLevel.Error,
        "folder {Folder} cannot be read: {Reason}; what is published stays as it is until it can")]
    public static partial void FolderUnreadable(this ILogger logger, string folder, string reason);

    [LoggerMessage(7010, LogLevel.Error,
        "the key in {File} has no Credential of the segment that covers {What}; give `publisher_key` the publisher.pem "
        + "that `fairlead segment init` made for this segment")]
    public static partial void KeyNotAdmitted(this ILogger logger, string file, string what);

    [LoggerMessage(7011, LogLevel.Error,
        "`anchors` names {Named}, and the segment's epoch needs {Needed} that take each document: nothing is sealed "
        + "before at least so many of its anchors are named")]
    public static partial void TooFewAnchors(this ILogger logger, int named, int needed);

    [LoggerMessage(7012, LogLevel.Warning,
        "only {Read} of {Needed} anchors gave what was published with its signatures: what no manifest says any more "
        + "and is still kept, as beside a manifest that is refused, is not renewed, all else is; next try in {Pause}")]
    public static partial void SourcesMissing(this ILogger logger, int read, int needed, TimeSpan pause);

    [LoggerMessage(7013, LogLevel.Warning,
        "the Credential of {Kid} ends at {End}, in {Days} days, and with it all that is published; an operator renews "
        + "it at an anchor with: fairlead propose credential --issue {File}")]
    public static partial void CredentialEnds(this ILogger logger, string kid, string end, long days, string file);

    [LoggerMessage(7014, LogLevel.Error,
        "the Credential of {Kid} ended at {End}: nothing is published any more; an operator renews it at an anchor "
        + "with: fairlead propose credential --issue {File}")]
    public static partial void CredentialEnded(this ILogger logger, string kid, string end, string file);

    [LoggerMessage(7015, LogLevel.Warning,
        "folder {Folder}: its changes cannot be listened for ({Reason}); it is looked at every {Rescan} instead. Raise "
        + "fs.inotify.max_user_instances to hear of them at once")]
    public static partial void FolderUnheard(this ILogger logger, string folder, string reason, TimeSpan rescan);
}
