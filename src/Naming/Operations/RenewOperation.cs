using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>What is known of another segment: its newest verified epoch and where its anchors are.</summary>
/// <param name="Floor">The epoch.</param>
/// <param name="Endpoints">1 to 4; empty leaves those that are held.</param>
public sealed record ForeignSegment(Floor Floor, ImmutableArray<IpEndpoint> Endpoints);

/// <summary>Builds op renew (4.4): a new life, fresher floors, Tombstones past their time dropped. Pure,
/// thread-safe.</summary>
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

    /// <summary>The candidate that follows the ground.</summary>
    /// <param name="ground">The newest epoch.</param>
    /// <param name="known">Verified facts of children, parents and peers, by genesis; others keep what they
    /// have.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="openings">16 fresh bytes at each call. They hide nothing new: a leaf that is renewed was opened
    /// before.</param>
    public static EpochProposal Build(
        EpochGround ground, IReadOnlyDictionary<Digest, ForeignSegment> known, long now, Func<Hex16> openings)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(openings);
        var draft = new CandidateDraft(ground, now, openings);
        foreach (var link in draft.Held<Link>())
        {
            if (Newer(known, link.Genesis, link.Floor) is { } fresh)
            {
                draft.Put(link with { Floor = fresh.Floor, Endpoints = Endpoints(fresh, link.Endpoints) });
            }
        }

        foreach (var peer in draft.Held<Peer>())
        {
            if (Newer(known, peer.Genesis, peer.Floor) is { } fresh)
            {
                draft.Put(peer with { Floor = fresh.Floor, Endpoints = Endpoints(fresh, peer.Endpoints) });
            }
        }

        foreach (var tombstone in draft.Held<Tombstone>().Where(t => t.Until <= draft.Issued).ToList())
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
            out _)!;
    }

    private static ForeignSegment? Newer(IReadOnlyDictionary<Digest, ForeignSegment> known, Digest genesis,
        Floor held) =>
        known.TryGetValue(genesis, out var fresh) && fresh.Floor.Epoch > held.Epoch ? fresh : null;

    private static ImmutableArray<IpEndpoint> Endpoints(ForeignSegment fresh, ImmutableArray<IpEndpoint> held) =>
        fresh.Endpoints.IsDefaultOrEmpty
            ? held
            : [.. fresh.Endpoints.Order(CanonicalTexts.Instance)];
}
