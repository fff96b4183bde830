using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>What is known of another segment: its newest verified epoch and where its anchors are.</summary>
/// <param name="Floor">The epoch.</param>
/// <param name="Endpoints">1 to 4; empty leaves those that are held.</param>
public sealed record ForeignSegment(Floor Floor, ImmutableArray<IpEndpoint> Endpoints);

/// <summary>
/// Builds op renew (4.4): a new life, fresher floors, Tombstones past their time dropped. A parent of many children
/// refreshes them in batches, one epoch right behind the other. Pure, thread-safe.
/// </summary>
public static class RenewOperation
{
    /// <summary>When an epoch is to be renewed: at a third of its life.</summary>
    /// <param name="epoch">The newest epoch.</param>
    /// <returns>Unix ms.</returns>
    public static long DueAt(Epoch epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return epoch.Issued + ((epoch.Expires - epoch.Issued) / 3);
    }

    /// <summary>The most Links and Peers that one renewal refreshes, and the most Tombstones that it drops: its leaves
    /// and their manifest fit into one message.</summary>
    public const int BatchMax = Limits.LinksPerEpoch;

    /// <summary>When a ground is to be renewed: at a third of its epoch's life, and at once where the epoch itself is a
    /// renewal that had no room for more.</summary>
    /// <param name="ground">The newest epoch.</param>
    /// <returns>Unix ms.</returns>
    public static long DueAt(EpochGround ground)
    {
        ArgumentNullException.ThrowIfNull(ground);
        return IsUnfinished(ground) ? ground.Epoch.Value.Issued : DueAt(ground.Epoch.Value);
    }

    /// <summary>Whether the newest epoch is a renewal that refreshed as much as one may.</summary>
    /// <param name="ground">The newest epoch.</param>
    public static bool IsUnfinished(EpochGround ground)
    {
        ArgumentNullException.ThrowIfNull(ground);
        var epoch = ground.Epoch.Value;
        return epoch.Op.Type == OpType.Renew && ground.Leaves.Leaves.Values.Count(leaf =>
            leaf.Document is Link or Peer && ((OpMadeLeaf)leaf.Document).Made == epoch.Number) >= BatchMax;
    }

    /// <summary>Whether there is a floor that is fresher by <see cref="Limits.FloorLag"/> for any Link or Peer that the
    /// run of renewals has not written yet.</summary>
    /// <param name="ground">The newest epoch.</param>
    /// <param name="known">See <see cref="Build"/>.</param>
    public static bool HasFresh(EpochGround ground, IReadOnlyDictionary<Digest, ForeignSegment> known)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(known);
        return ground.Leaves.Leaves.Values.Any(leaf => FloorRules.Of(leaf.Document) is var (genesis, floor)
            && Newer(known, genesis, floor) is { } fresh && RenewalRules.IsWorthIt(floor, fresh.Floor)
            && RenewalRules.IsLeft(ground, (OpMadeLeaf)leaf.Document!));
    }

    /// <summary>The candidate that follows the ground; of Links and Peers those made longest ago are refreshed first.
    /// One that goes on with a run of renewals leaves out what the run has written and what is hardly behind.</summary>
    /// <param name="ground">The newest epoch.</param>
    /// <param name="known">Verified facts of children, parents and peers, by genesis; others keep what they
    /// have.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="openings">16 fresh bytes at each call. They hide nothing new: a leaf that is renewed was opened
    /// before.</param>
    /// <param name="life">How long this epoch and those after it live, in ms; null for as long as the one before, which
    /// alone needs nobody's approval.</param>
    public static EpochProposal Build(
        EpochGround ground, IReadOnlyDictionary<Digest, ForeignSegment> known, long now, Func<Hex16> openings,
        long? life = null)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(openings);
        var draft = new CandidateDraft(ground, now, openings);
        var continues = IsUnfinished(ground) && !RenewalRules.IsInTime(ground.Epoch.Value, draft.Issued);
        var stale = draft.Held<Link>().Concat<OpMadeLeaf>(draft.Held<Peer>())
            .Where(leaf => FloorRules.Of(leaf) is var (genesis, floor) && Newer(known, genesis, floor) is { } fresh
                && (!continues
                    || (RenewalRules.IsLeft(ground, leaf) && RenewalRules.IsWorthIt(floor, fresh.Floor))))
            .OrderBy(leaf => leaf.Made).Take(BatchMax).ToList();
        foreach (var leaf in stale)
        {
            Refresh(draft, leaf, known);
        }

        foreach (var tombstone in draft.Held<Tombstone>().Where(t => t.Until <= draft.Issued).Take(BatchMax).ToList())
        {
            draft.Remove(LeafClass.Tombstone, tombstone.LeafName);
        }

        return draft.Build(
            OpType.Renew,
            epoch => epoch with
            {
                Uplinks =
                [
                    .. epoch.Uplinks.Select(up => Newer(known, up.Parent, up.Floor) is { } fresh
                        ? up with { Floor = fresh.Floor, Endpoints = Endpoints(fresh, up.Endpoints) }
                        : up),
                ],
            },
            mayBeEmpty: true,
            out _,
            life)!;
    }

    private static void Refresh(
        CandidateDraft draft, OpMadeLeaf leaf, IReadOnlyDictionary<Digest, ForeignSegment> known)
    {
        switch (leaf)
        {
            case Link link when Newer(known, link.Genesis, link.Floor) is { } fresh:
                draft.Put(link with { Floor = fresh.Floor, Endpoints = Endpoints(fresh, link.Endpoints) });
                break;
            case Peer peer when Newer(known, peer.Genesis, peer.Floor) is { } fresh:
                draft.Put(peer with { Floor = fresh.Floor, Endpoints = Endpoints(fresh, peer.Endpoints) });
                break;
        }
    }

    private static ForeignSegment? Newer(IReadOnlyDictionary<Digest, ForeignSegment> known, Digest genesis,
        Floor held) =>
        known.TryGetValue(genesis, out var fresh) && fresh.Floor.Epoch > held.Epoch ? fresh : null;

    private static ImmutableArray<IpEndpoint> Endpoints(ForeignSegment fresh, ImmutableArray<IpEndpoint> held) =>
        fresh.Endpoints.IsDefaultOrEmpty
            ? held
            : [.. fresh.Endpoints.Order(CanonicalTexts.Instance)];
}
