using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>Computes the tags that say what a quorum is not worth (V11). Stateless, thread-safe.</summary>
public static class Assurance
{
    /// <summary>The tags of an epoch, ascending: <c>crash</c> iff F = 0, <c>single-admin</c> and <c>single-host</c> iff
    /// one admin or host holds as many anchors as the smaller threshold.</summary>
    public static ImmutableArray<string> Of(ImmutableArray<EpochAnchor> anchors, long f, long tGov, long tSeal)
    {
        var threshold = Math.Min(tGov, tSeal);
        var tags = ImmutableArray.CreateBuilder<string>();
        if (f == 0)
        {
            tags.Add(AssuranceTags.Crash);
        }

        if (anchors.GroupBy(anchor => anchor.Admin, StringComparer.Ordinal).Any(group => group.Count() >= threshold))
        {
            tags.Add(AssuranceTags.SingleAdmin);
        }

        if (anchors.GroupBy(anchor => anchor.Host, StringComparer.Ordinal).Any(group => group.Count() >= threshold))
        {
            tags.Add(AssuranceTags.SingleHost);
        }

        return tags.ToImmutable();
    }
}
