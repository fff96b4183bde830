using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// V49 for the leaves that an operation writes: a Peer stands neither above nor below its segment, nothing stands at or
/// under a Link, and what a Tombstone holds does not change before its time. Asked by anchors before they vote, with
/// the epoch's own time, so that all judge alike. Stateless, thread-safe.
/// </summary>
public static class PlaceRules
{
    /// <summary>Whether the leaves that an epoch changes may stand where they do.</summary>
    /// <param name="name">The segment's full name.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="before">The op-made leaves of the epoch before.</param>
    /// <param name="after">Those of the epoch.</param>
    /// <returns>
    /// <c>NameConflict</c>, <c>OccludedByLink</c>, <c>LabelInHoldDown</c>, <c>Frozen</c>, or null.
    /// </returns>
    public static Refusal? Check(SegmentName name, Epoch epoch, OperationLeaves before, OperationLeaves after)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Check([name], epoch, before, after);
    }

    /// <summary>The same for a segment with several full names.</summary>
    /// <param name="names">The full names: no Peer may stand above or below one of them.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="before">The op-made leaves of the epoch before.</param>
    /// <param name="after">Those of the epoch.</param>
    /// <returns>As for one name.</returns>
    public static Refusal? Check(
        ImmutableArray<SegmentName> names, Epoch epoch, OperationLeaves before, OperationLeaves after) =>
        Check(names, epoch, before, after, out _);

    /// <summary>The same, and what it cost.</summary>
    internal static Refusal? Check(
        ImmutableArray<SegmentName> names, Epoch epoch, OperationLeaves before, OperationLeaves after, out long looks)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var (then, now) = (new PlaceLookup(before), new PlaceLookup(after));
        Refusal? first = null;
        foreach (var (key, leaf) in after.Leaves)
        {
            if (before.Leaves.GetValueOrDefault(key)?.Commitment == leaf.Commitment)
            {
                continue;
            }

            first = Place(names, leaf.Document) ?? Occluded(leaf.Document, now) ?? Held(leaf.Document, epoch, then);
            if (first is not null)
            {
                first = first.At($"{key.Class} {key.Name}");
                break;
            }
        }

        looks = then.Looks + now.Looks;
        return first ?? Lifted(epoch, before, after);
    }

    private static Refusal? Place(ImmutableArray<SegmentName> names, LeafDocument leaf)
    {
        if (leaf is not Peer peer)
        {
            return null;
        }

        foreach (var name in names)
        {
            if (peer.Name.IsAtOrUnder(name) || name.IsAtOrUnder(peer.Name))
            {
                return new Refusal(VerificationFailure.NameConflict, "", $"{peer.Name} stands above or below {name}");
            }
        }

        return null;
    }

    private static Refusal? Occluded(LeafDocument leaf, PlaceLookup after)
    {
        if (PlaceLookup.PlaceOf(leaf) is not { } place)
        {
            return null;
        }

        foreach (var link in after.Above<Link>(LeafClass.Link, place))
        {
            if (!ReferenceEquals(link, leaf))
            {
                return new Refusal(VerificationFailure.OccludedByLink, "", $"there is a Link at {link.At}");
            }
        }

        // A new Link does not occlude what stood there before it, either.
        return leaf is Link above && after.Below(above) is { } below
            ? new Refusal(VerificationFailure.OccludedByLink, "", $"{below} stands at or under {above.At}")
            : null;
    }

    // The operation that set the Tombstone may go on: it links the segment that the Tombstone names, at that place.
    private static Refusal? Held(LeafDocument leaf, Epoch epoch, PlaceLookup before)
    {
        if (PlaceLookup.PlaceOf(leaf) is not { } place)
        {
            return null;
        }

        foreach (var held in before.Above<Tombstone>(LeafClass.Tombstone, place))
        {
            if (held.Until <= epoch.Issued)
            {
                continue;
            }

            if (leaf is not Link link || link.At != held.At)
            {
                return new Refusal(VerificationFailure.Frozen, "", $"held still at {held.At} until {held.Until}");
            }

            if (link.Genesis != held.Genesis)
            {
                return new Refusal(
                    VerificationFailure.LabelInHoldDown, "", $"until {held.Until} only {held.Genesis}");
            }
        }

        return null;
    }

    // Before its time a Tombstone goes only where what it waits for has come.
    private static Refusal? Lifted(Epoch epoch, OperationLeaves before, OperationLeaves after)
    {
        foreach (var (key, leaf) in before.Leaves)
        {
            if (leaf.Document is Tombstone held
                && held.Until > epoch.Issued
                && after.Leaves.GetValueOrDefault(key)?.Commitment != leaf.Commitment
                && (after.Leaves.GetValueOrDefault(
                    (LeafClass.Link, key.Name))?.Document as Link)?.Genesis != held.Genesis)
            {
                return new Refusal(VerificationFailure.Frozen, $"{key.Class} {key.Name}", $"holds until {held.Until}");
            }
        }

        return null;
    }
}
