namespace Fairlead.Naming.Operations;

/// <summary>
/// V49 about op-made leaves: no Link at a label in hold-down or under another Link, nothing changes under a Tombstone
/// before
/// its time, no peer above or below the own name; and how much one operation may do. Stateless, thread-safe.
/// </summary>
internal static class PlacementRules
{
    internal static Refusal? Check(EpochGround ground, Epoch epoch, OperationLeaves after)
    {
        var links = 0;
        foreach (var (key, leaf) in after.Leaves)
        {
            var old = ground.Leaves.Leaves.GetValueOrDefault(key);
            if (old?.Commitment == leaf.Commitment)
            {
                continue;
            }

            links += leaf.Document is Link ? 1 : 0;
            var refusal = leaf.Document switch
            {
                Link link => CheckLink(ground, epoch, after, link, old?.Document as Link),
                Peer peer => CheckPeer(ground, peer),
                Credential credential => CheckCredential(epoch, credential),
                _ => null,
            };
            if (refusal is not null)
            {
                return refusal.At($"{key.Class} {key.Name}");
            }
        }

        return links > Limits.LinksPerEpoch && epoch.Op.Type != OpType.Renew
            ? new Refusal(VerificationFailure.TooLarge, "manifest", $"{links} Links, at most {Limits.LinksPerEpoch}")
            : CheckTombstones(ground, epoch, after);
    }

    private static Refusal? CheckLink(EpochGround ground, Epoch epoch, OperationLeaves after, Link link, Link? old)
    {
        var held = Of<Tombstone>(ground.Leaves).FirstOrDefault(t =>
            epoch.Issued < t.Until && IsAtOrUnder(link.At, t.At) && link.Genesis != t.Genesis);
        if (held is not null && old?.Genesis != link.Genesis)
        {
            return new Refusal(VerificationFailure.LabelInHoldDown, "", $"{held.At.Text} is held until {held.Until}");
        }

        var above = Of<Link>(after).FirstOrDefault(other => other.At != link.At
            && (IsAtOrUnder(link.At, other.At) || IsAtOrUnder(other.At, link.At)));
        return above is null
            ? null
            : new Refusal(VerificationFailure.OccludedByLink, "", $"overlaps the link {above.At.Text}");
    }

    private static Refusal? CheckPeer(EpochGround ground, Peer peer)
    {
        if (peer.Genesis == ground.Genesis)
        {
            return new Refusal(VerificationFailure.NameConflict, "", "a segment is no peer of itself");
        }

        foreach (var own in ground.Names)
        {
            if (peer.Name.IsAtOrUnder(own) || own.IsAtOrUnder(peer.Name))
            {
                return new Refusal(VerificationFailure.NameConflict, "", $"{peer.Name} is above or below {own}");
            }
        }

        return null;
    }

    private static Refusal? CheckCredential(Epoch epoch, Credential credential) =>
        credential.Expires - epoch.Issued is > 0 and <= Limits.CredentialLife && credential.MaxTtl <= Limits.TtlMax
            ? null
            : new Refusal(
                VerificationFailure.PolicyOutOfRange,
                "",
                $"a life of {credential.Expires - epoch.Issued} ms or a max_ttl of {credential.MaxTtl}");

    /// <summary>A hold ends by its time, or by the Link of the segment that it waits for.</summary>
    private static Refusal? CheckTombstones(EpochGround ground, Epoch epoch, OperationLeaves after)
    {
        foreach (var held in Of<Tombstone>(ground.Leaves).Where(t => epoch.Issued < t.Until))
        {
            var kept = Of<Tombstone>(after).FirstOrDefault(t => t.At == held.At);
            var linked = Of<Link>(after).Any(l => l.At == held.At && l.Genesis == held.Genesis);
            if (!linked && (kept is null || kept.Genesis != held.Genesis || kept.Until < held.Until))
            {
                return new Refusal(
                    VerificationFailure.LabelInHoldDown, $"Tombstone {held.At.Text}", $"holds until {held.Until}");
            }
        }

        return null;
    }

    private static bool IsAtOrUnder(LinkPoint point, LinkPoint other) =>
        point == other || (!other.IsChild && point.Text.EndsWith("." + other.Text, StringComparison.Ordinal));

    private static IEnumerable<T> Of<T>(OperationLeaves leaves)
        where T : OpMadeLeaf =>
        leaves.Leaves.Values.Select(leaf => leaf.Document).OfType<T>();
}
