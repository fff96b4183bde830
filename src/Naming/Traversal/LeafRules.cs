using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>V26: a leaf's document carries the name it is proven for, has not expired, and is not older than one
/// seen.</summary>
internal static class LeafRules
{
    /// <param name="leaf">A leaf that is proven present.</param>
    /// <param name="floors">What this segment showed before.</param>
    /// <param name="now">Now plus the clock tolerance, in unix milliseconds.</param>
    internal static Refusal? Check(HopLeaf leaf, ImmutableSortedDictionary<LeafName, LeafFloor> floors, long now)
    {
        var name = leaf.Document!.LeafName;
        if (name != leaf.Name.Name)
        {
            var failure = leaf.Document is Credential ? KeyIdMismatch : NameMismatch;
            return new Refusal(failure, "", $"the document's name is {name}");
        }

        if (ExpiresOf(leaf.Document) is { } expires && expires <= now)
        {
            return new Refusal(RecordExpired, "", $"expired at {expires}");
        }

        if (FloorOf(leaf) is not { } offered || !floors.TryGetValue(leaf.Name, out var floor))
        {
            return null;
        }

        var order = offered.Version.CompareTo(floor.Version);
        order = order != 0 ? order : offered.Digest.CompareTo(floor.Digest);
        if (order < 0)
        {
            return new Refusal(RecordRollback, "", $"version {offered.Version}; seen was {floor.Version}");
        }

        return floor.Uid is not null && floor.Expires > now && offered.Uid != floor.Uid
            ? new Refusal(UidChanged, "", $"uid {offered.Uid}; seen was {floor.Uid}")
            : null;
    }

    private static long? ExpiresOf(LeafDocument document) => document switch
    {
        PublishedLeaf published => published.Expires,
        Credential credential => credential.Expires,
        Withdrawn withdrawn => withdrawn.Expires,
        _ => null,
    };

    /// <summary>What to remember of a published leaf; null for leaves that a quorum made.</summary>
    internal static LeafFloor? FloorOf(HopLeaf leaf) => leaf.Document is PublishedLeaf it
        ? new LeafFloor(it.Version, leaf.Commitment, (it as Record)?.Uid, it.Expires)
        : null;
}
