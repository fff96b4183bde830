namespace Fairlead.Naming.Operations;

/// <summary>
/// Floors only rise: a Link, Peer or uplink that stays with the same segment keeps at least the floor it had (V30 would
/// otherwise admit a retired chain). Stateless, thread-safe.
/// </summary>
public static class FloorRules
{
    /// <summary>The floors about other segments that an epoch states and its predecessor did not, by genesis.</summary>
    /// <param name="ground">The epoch before.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="after">Its op-made leaves.</param>
    public static IEnumerable<(Digest Genesis, Floor Floor)> Stated(EpochGround ground, Epoch epoch,
        OperationLeaves after)
    {
        ArgumentNullException.ThrowIfNull(ground);
        var before = All(ground.Epoch.Value, ground.Leaves).Select(one => (one.Genesis, one.Floor)).ToHashSet();
        return All(epoch, after).Select(one => (one.Genesis, one.Floor)).Where(one => !before.Contains(one)).Distinct();
    }

    /// <summary>The segment that a Link or Peer is about, and its floor; null for other leaves.</summary>
    internal static (Digest Genesis, Floor Floor)? Of(LeafDocument? leaf) => leaf switch
    {
        Link link => (link.Genesis, link.Floor),
        Peer peer => (peer.Genesis, peer.Floor),
        _ => null,
    };

    internal static Refusal? Check(EpochGround ground, Epoch epoch, OperationLeaves after)
    {
        var before = All(ground.Epoch.Value, ground.Leaves).ToDictionary(one => (one.Where, one.Genesis), one
            => one.Floor);
        foreach (var (where, genesis, floor) in All(epoch, after))
        {
            if (!before.TryGetValue((where, genesis), out var old))
            {
                continue;
            }

            if (floor.Epoch < old.Epoch)
            {
                return new Refusal(VerificationFailure.BelowLinkFloor, where, $"epoch {floor.Epoch} below {old.Epoch}");
            }

            if (floor.Epoch == old.Epoch && floor.Digest != old.Digest)
            {
                return new Refusal(VerificationFailure.FloorMismatch, where, $"another epoch {floor.Epoch}");
            }
        }

        return null;
    }

    private static IEnumerable<(string Where, Digest Genesis, Floor Floor)> All(Epoch epoch, OperationLeaves leaves)
    {
        foreach (var uplink in epoch.Uplinks)
        {
            yield return ($"uplink {uplink.Label}", uplink.Parent, uplink.Floor);
        }

        foreach (var leaf in leaves.Leaves.Values)
        {
            if (leaf.Document is Link link)
            {
                yield return ($"Link {link.At.Text}", link.Genesis, link.Floor);
            }
            else if (leaf.Document is Peer peer)
            {
                yield return ($"Peer {peer.Name.Text}", peer.Genesis, peer.Floor);
            }
        }
    }
}
