using System.Collections.Immutable;

namespace Fairlead.Sidecar.Hosting.Reloading;

/// <summary>What came of the newest look at the configuration. Immutable.</summary>
/// <param name="Path">The file; empty where the sidecar was started without one.</param>
/// <param name="ReadAt">When it was read.</param>
/// <param name="Applied">How often a change was taken over.</param>
/// <param name="Refused">How often the file could not be used.</param>
/// <param name="Changed">What the newest change was, by the names in the file; ascending.</param>
/// <param name="RestartNeeded">What the file says otherwise than what runs, since only a start reads it;
/// ascending.</param>
/// <param name="Errors">Why the file as it is now cannot be used; empty where it can.</param>
internal sealed record ReloadStatus(
    string Path,
    DateTimeOffset? ReadAt,
    long Applied,
    long Refused,
    ImmutableArray<string> Changed,
    ImmutableArray<string> RestartNeeded,
    ImmutableArray<string> Errors)
{
    /// <summary>Nothing was read.</summary>
    internal static ReloadStatus Start { get; } = new("", null, 0, 0, [], [], []);
}
