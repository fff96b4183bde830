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
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        foreach (var (key, leaf) in after.Leaves)
        {
            if (before.Leaves.GetValueOrDefault(key)?.Commitment != leaf.Commitment
                && (Place(name, leaf.Document) ?? Occluded(leaf.Document, after) ?? Held(leaf.Document, epoch, before))
                is { } refusal)
            {
                return refusal.At($"{key.Class} {key.Name}");
            }
        }

        return Lifted(epoch, before, after);
    }

    private static Refusal? Place(SegmentName name, LeafDocument leaf) =>
        leaf is Peer peer && (peer.Name.IsAtOrUnder(name) || name.IsAtOrUnder(peer.Name))
            ? new Refusal(VerificationFailure.NameConflict, "", $"{peer.Name} stands above or below {name}")
            : null;

    private static Refusal? Occluded(LeafDocument leaf, OperationLeaves after)
    {
        if (PlaceOf(leaf) is not { } place)
        {
            return null;
        }

        foreach (var other in after.Leaves.Values)
        {
            if (ReferenceEquals(other.Document, leaf))
            {
                continue;
            }

            if (other.Document is Link link && IsAtOrUnder(place, link.At))
            {
                return new Refusal(VerificationFailure.OccludedByLink, "", $"there is a Link at {link.At}");
            }

            // A new Link does not occlude what stood there before it, either.
            if (leaf is Link above && PlaceOf(other.Document) is { } below && IsAtOrUnder(below, above.At))
            {
                return new Refusal(VerificationFailure.OccludedByLink, "", $"{below} stands at or under {above.At}");
            }
        }

        return null;
    }

    // The operation that set the Tombstone may go on: it links the segment that the Tombstone names, at that place.
    private static Refusal? Held(LeafDocument leaf, Epoch epoch, OperationLeaves before)
    {
        if (PlaceOf(leaf) is not { } place)
        {
            return null;
        }

        foreach (var other in before.Leaves.Values)
        {
            if (other.Document is not Tombstone held || held.Until <= epoch.Issued || !IsAtOrUnder(place, held.At))
            {
                continue;
            }

            if (leaf is Link link && link.At == held.At)
            {
                if (link.Genesis != held.Genesis)
                {
                    return new Refusal(
                        VerificationFailure.LabelInHoldDown, "", $"until {held.Until} only {held.Genesis}");
                }

                continue;
            }

            return new Refusal(VerificationFailure.Frozen, "", $"held still at {held.At} until {held.Until}");
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

    private static string? PlaceOf(LeafDocument leaf) => leaf switch
    {
        Link link => link.At.Text,
        Redirect redirect => redirect.Name.Text,
        _ => null,
    };

    private static bool IsAtOrUnder(string place, LinkPoint at) =>
        place == at.Text || (!at.IsChild && place.EndsWith("." + at.Text, StringComparison.Ordinal));
}
