namespace Fairlead.Naming.Traversal;

/// <summary>
/// Compares the epoch under which an answer was verified with a newer one of the same segment (trust 4.7): a stranger's
/// operation invalidates nothing (I22). Pure, thread-safe.
/// </summary>
public static class EpochChange
{
    /// <summary>What the newest epoch of a segment does to an answer.</summary>
    /// <param name="answer">A verified answer.</param>
    /// <param name="segment">What is held of a segment; one that is not on the answer's path does nothing.</param>
    public static EpochEffect Of(VerifiedAnswer answer, SegmentState segment)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(segment);
        for (var i = 0; i < answer.Hops.Length; i++)
        {
            if (answer.Hops[i].Genesis == segment.Genesis)
            {
                return IsQuarantined(answer, i, segment) ? EpochEffect.Ends
                    : segment.NewestNumber > answer.Hops[i].Epoch.Value.Number ? At(answer, i, segment)
                    : answer.Hops[i].Attests.Any(attest => segment.IsExcluded(attest.Anchor)) ? EpochEffect.Renew
                    : EpochEffect.None;
            }
        }

        return EpochEffect.None;
    }

    // V38. Who only introduced cannot end what it began (I24).
    private static bool IsQuarantined(VerifiedAnswer answer, int index, SegmentState segment) =>
        segment.IsQuarantined && (index == 0 || index == answer.Hops.Length - 1);

    private static EpochEffect At(VerifiedAnswer answer, int index, SegmentState segment)
    {
        var hop = answer.Hops[index];
        var (before, after) = (hop.Epoch.Value, segment.Newest.Value);
        var next = index + 1 < answer.Hops.Length ? answer.Hops[index + 1] : null;
        if ((index > 0 && !Accepts(after, hop, answer.Hops[index - 1].Genesis))
            || (next is { Kind: HopKind.Up } && !HasUplink(after, next.Genesis, hop.Name.Label)))
        {
            return EpochEffect.Ends;
        }

        var isOtherwise = before.PolicyDigest != after.PolicyDigest
            || EpochDifference.ChangesAnchors(before, after)
            || EpochDifference.ChangesQuorum(before, after);
        if ((index == 0 || next is null)
            && (isOtherwise || EpochDifference.ChangesDomains(before, after)
                || (index == 0 && next is not null && AdmitsOtherwise(answer, segment))))
        {
            return EpochEffect.Recertify;
        }

        return isOtherwise || MayHaveChangedLeaf(segment, before.Number, next) ? EpochEffect.Renew : EpochEffect.None;
    }

    // V53, V54: the home proves its Scopes of itself and of the target beside every answer of another segment (I27).
    private static bool AdmitsOtherwise(VerifiedAnswer answer, SegmentState home)
    {
        var (before, target) = (answer.Hops[0].Epoch.Value, answer.Hops[^1].Genesis);
        return home.Scoped > before.Number
            || before.Peers.Contains(target) != home.Newest.Value.Peers.Contains(target);
    }

    // V28: what the far side of the hop before says in its epoch.
    private static bool Accepts(Epoch epoch, VerifiedHop hop, Digest from) => hop.Kind switch
    {
        HopKind.Peer => epoch.Peers.Contains(from),
        HopKind.Down => HasUplink(epoch, from, hop.Name.Label),
        _ => true,
    };

    private static bool HasUplink(Epoch epoch, Digest parent, string label)
    {
        foreach (var uplink in epoch.Uplinks)
        {
            if (uplink.Parent == parent && uplink.Label == label)
            {
                return true;
            }
        }

        return false;
    }

    // Links and Peers stand in the tree and not in the epoch: an operation of their kind may have touched the one used.
    // Join and peer only add, or change floor, endpoints and terms (V44), and are mostly a stranger's (I22): terms come
    // with the next regular renewal.
    private static bool MayHaveChangedLeaf(SegmentState segment, long since, VerifiedHop? next)
    {
        // Of epochs that are held by their digests alone nobody knows what they did.
        if (segment.Epochs[0].Value.Number > since + 1)
        {
            return next is { Kind: HopKind.Down or HopKind.Peer };
        }

        foreach (var epoch in segment.Epochs)
        {
            if (epoch.Value.Number > since
                && ((next is { Kind: HopKind.Down } && epoch.Value.Op.Type is OpType.Leave or OpType.Evict)
                    || (next is { Kind: HopKind.Peer } && epoch.Value.Op.Type is OpType.Unpeer)))
            {
                return true;
            }
        }

        return false;
    }
}
