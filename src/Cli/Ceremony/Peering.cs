using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Naming.Tree;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>
/// Takes a neighbour as peer: the next epoch, op peer, with its Peer leaf and its genesis among the peers, certified by
/// T commit votes of round 0, and the handover of the epoch that ends. Pure but for the signers.
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
        var (newest, leaves) = SegmentChain.Verify(segment, now);
        CheckPeer(segment, newest.Value, peer);
        var proposal = PeerOperation.Build(
            new EpochGround(segment.Genesis, newest, leaves[^1], [segment.Name]),
            new PeerRequest(peer.Name, peer.Genesis, peer.Floor, peer.Endpoints),
            now,
            draw,
            out var refusal)
            ?? throw new CeremonyException($"{refusal}");
        if (!Document.TryParse<Epoch>(proposal.Epoch, out var epoch, out refusal))
        {
            throw new CeremonyException($"{refusal}");
        }

        var handover = HandOver(segment, newest.Value, leaves[^1], epoch.Digest, seal, epoch.Value.Issued);
        var grown = segment with
        {
            Epochs = segment.Epochs.Add(new EpochDocument(
                epoch.Payload, Vote(segment.Genesis, epoch, newest.Value, gov), Envelope.None, Envelope.None)),
            Manifests = segment.Manifests.Add(proposal.Manifest),
            Leaves = segment.Leaves.Add([.. proposal.Leaves.Select(leaf => (leaf.Class, leaf.Payload))]),
            Handovers = segment.Handovers.Add(handover),
        };
        SegmentChain.Verify(grown, now);
        return grown;
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

    private static Envelope Vote(Digest genesis, Parsed<Epoch> epoch, Epoch previous, IEnumerable<ISigner> gov)
    {
        var vote = Document.Make(new Vote
        {
            Digest = epoch.Digest,
            Epoch = epoch.Value.Number,
            Phase = VotePhase.Commit,
            Round = 0,
            Segment = genesis,
        });
        return Certify(vote, previous, KeyRole.Gov, gov);
    }

    // Nothing was sealed in the epoch that ends, so its only certified state is that of its op-made leaves.
    private static Envelope HandOver(
        SegmentFile segment, Epoch ending, OperationLeaves leaves, Digest next, IEnumerable<ISigner> seal, long issued)
    {
        var tree = SparseTree.From(leaves.Leaves.Values.Select(leaf => KeyValuePair.Create(
            Hashes.TreeKey(segment.Genesis, ending.Salt, leaf.Class, leaf.Name), leaf.Commitment)));
        Digest? previous = segment.Handovers.IsEmpty
            ? null
            : Handover.Type.DigestOf(segment.Handovers[^1].Payload.Span);
        var handover = Document.Make(new Handover
        {
            Count = tree.Count,
            Epoch = ending.Number,
            Issued = issued,
            Next = next,
            Prev = previous,
            Root = tree.Root,
            Segment = segment.Genesis,
            Seq = 0,
        });
        return Certify(handover, ending, KeyRole.Seal, seal);
    }

    private static Envelope Certify<T>(Parsed<T> document, Epoch epoch, KeyRole role, IEnumerable<ISigner> signers)
        where T : Document, IDocument<T>
    {
        var collected = Envelope.Sign(document, signers);
        var certificate = CertificateAssembly.Assemble(collected.Signatures, epoch, role)
            ?? throw new CeremonyException($"ThresholdNotMet: too few of the segment's {role} keys are here");
        return new Envelope(document.Payload, certificate);
    }
}
