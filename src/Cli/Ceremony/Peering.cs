using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>
/// Takes a neighbour as peer: the next epoch, op peer, with its Peer leaf and its genesis among the peers. Pure but for
/// the signers.
/// </summary>
internal static class Peering
{
    /// <summary>Adds the epoch.</summary>
    /// <param name="segment">The segment; no anchor has sealed its newest epoch yet.</param>
    /// <param name="peer">The neighbour.</param>
    /// <param name="gov">The gov keys held, at least T.</param>
    /// <param name="seal">The seal keys held, at least T.</param>
    /// <param name="now">The moment, in unix milliseconds.</param>
    /// <param name="draw">Draws 16 random bytes: the opening.</param>
    /// <exception cref="CeremonyException">The neighbour cannot be a peer, or keys are missing.</exception>
    internal static SegmentFile Add(
        SegmentFile segment,
        PeerFile peer,
        IReadOnlyCollection<ISigner> gov,
        IReadOnlyCollection<ISigner> seal,
        long now,
        Func<Hex16> draw)
    {
        var ground = NextEpoch.Ground(segment, now);
        CheckPeer(segment, ground.Epoch.Value, peer);
        var request = new PeerRequest(peer.Name, peer.Genesis, peer.Floor, peer.Endpoints);
        var proposal = PeerOperation.Build(
            ground, request, NextEpoch.IssuedAfter(ground, now), draw, out var refusal);
        return NextEpoch.Add(segment, proposal, refusal, gov, seal, now);
    }

    private static void CheckPeer(SegmentFile segment, Epoch newest, PeerFile peer)
    {
        if (newest.Peers.Contains(peer.Genesis))
        {
            throw new CeremonyException($"{peer.Name} is a peer already, in epoch {newest.Number}");
        }

        if (peer.Genesis == segment.Genesis
            || peer.Name.IsAtOrUnder(segment.Name) || segment.Name.IsAtOrUnder(peer.Name))
        {
            throw new CeremonyException(
                $"NameConflict: {peer.Name} stands above or below {segment.Name}; a peer does neither");
        }
    }
}
