using Fairlead.Cli.Ceremony;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;
using Fairlead.Protocol.Files;
using Xunit;

namespace Fairlead.Cli.Tests.Ceremony;

public sealed class PeeringTests
{
    private readonly SegmentFile _eu1 = Ceremonies.Found();
    private readonly SegmentFile _us1 = Ceremonies.Found("us1.internal", 400);

    [Fact]
    public void Add_Neighbour_IsEpochOneWithPeerLeafAndCommitVotes()
    {
        var grown = Ceremonies.Peered(_eu1, _us1);

        var verdict = EpochChain.Extend(null, grown.Genesis, null, grown.Epochs, Ceremonies.Now + 1000);
        Assert.True(verdict.IsAccepted, verdict.Refusal?.ToString());
        var epoch = verdict.Segment.Newest.Value;
        Assert.Equal((1, OpType.Peer), (epoch.Number, epoch.Op.Type));
        Assert.Equal([_us1.Genesis], epoch.Peers);
        Assert.Null(EpochChain.CheckNewest(verdict.Segment, new Floor(_eu1.Genesis, 0), Ceremonies.Now + 1000));
        var vote = Parse<Vote>(grown.Epochs[1].Vote);
        Assert.Equal((VotePhase.Commit, 0), (vote.Phase, vote.Round));
        Assert.Equal(3, grown.Epochs[1].Vote.Signatures.Length);
        Assert.All(grown.Epochs[1].Vote.Signatures, signature => Assert.Contains(
            epoch.Anchors, anchor => anchor.Gov.Kid == signature.Kid));

        var leaf = Assert.Single(grown.Leaves[1]);
        Assert.Equal(LeafClass.Peer, leaf.Class);
        Assert.True(Document.TryParse<Peer>(leaf.Payload, out var peer, out _));
        Assert.Equal(("us1.internal", _us1.Genesis), (peer.Value.Name.Text, peer.Value.Genesis));
        Assert.Equal(new Floor(_us1.Genesis, 0), peer.Value.Floor);
        Assert.InRange(peer.Value.Endpoints.Length, 1, 4);
    }

    [Fact]
    public void Add_Neighbour_HandsOverTheOpMadeLeavesOfEpochZero()
    {
        var grown = Ceremonies.Peered(_eu1, _us1);
        var (newest, leaves) = SegmentChain.Verify(grown, Ceremonies.Now + 1000);
        Assert.True(Document.TryParse<Epoch>(grown.Epochs[0].Payload, out var zero, out _));

        var envelope = Assert.Single(grown.Handovers);
        var handover = Parse<Handover>(envelope);

        var tree = SparseTree.From(leaves[0].Leaves.Values.Select(leaf => KeyValuePair.Create(
            Hashes.TreeKey(grown.Genesis, zero.Value.Salt, leaf.Class, leaf.Name), leaf.Commitment)));
        Assert.Equal((2, tree.Root), (handover.Count, handover.Root));
        Assert.Equal((0, 0, newest.Digest), (handover.Epoch, handover.Seq, handover.Next));
        Assert.Null(handover.Prev);
        Assert.Equal(3, envelope.Signatures.Length);
        Assert.All(envelope.Signatures, signature =>
        {
            var key = zero.Value.Anchors.Single(anchor => anchor.Seal.Kid == signature.Kid).Seal;
            Assert.Null(key.Verify(Handover.Type.DigestOf(envelope.Payload.Span), signature.Value.Span));
        });
    }

    [Fact]
    public void Add_SecondNeighbour_ChainsTheHandovers()
    {
        var ap1 = Ceremonies.Found("ap1.internal", 500);
        var grown = Ceremonies.Peered(Ceremonies.Peered(_eu1, _us1), ap1);

        Assert.Equal(2, SegmentChain.Verify(grown, Ceremonies.Now + 1000).Newest.Value.Peers.Length);
        Assert.Equal(Handover.Type.DigestOf(grown.Handovers[0].Payload.Span), Parse<Handover>(grown.Handovers[1]).Prev);
    }

    [Theory]
    [InlineData("shop.eu1.internal", "NameConflict")]
    [InlineData("internal", "NameConflict")]
    [InlineData("eu1.internal", "NameConflict")]
    public void Add_NameAboveOrBelow_IsRefused(string name, string failure)
    {
        var peer = Ceremonies.PeerOf(_us1) with { Name = SegmentName.Parse(name) };

        var refused = Assert.Throws<CeremonyException>(() =>
            Peering.Add(_eu1, peer, Ceremonies.Gov(), Ceremonies.Seal(), Ceremonies.Now, Ceremonies.Draw()));

        Assert.StartsWith(failure, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_PeerTwice_IsRefused() => Assert.Contains(
        "peer already",
        Assert.Throws<CeremonyException>(() => Ceremonies.Peered(Ceremonies.Peered(_eu1, _us1), _us1)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Add_TooFewKeys_IsRefused() => Assert.Contains(
        "ThresholdNotMet",
        Assert.Throws<CeremonyException>(() => Peering.Add(
            _eu1,
            Ceremonies.PeerOf(_us1),
            [.. Ceremonies.Gov().Take(2)],
            Ceremonies.Seal(),
            Ceremonies.Now,
            Ceremonies.Draw())).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Verify_VotesOfAnotherEpoch_AreRefused()
    {
        var grown = Ceremonies.Peered(_eu1, _us1);
        var other = Ceremonies.Peered(_eu1, Ceremonies.Found("ap1.internal", 500));
        var swapped = grown.Epochs[1] with { Vote = other.Epochs[1].Vote };
        var mixed = grown with { Epochs = grown.Epochs.SetItem(1, swapped) };

        var refused = Assert.Throws<CeremonyException>(() => SegmentChain.Verify(mixed, Ceremonies.Now + 1000));

        Assert.StartsWith("ThresholdNotMet", refused.Message, StringComparison.Ordinal);
    }

    private static T Parse<T>(Envelope envelope)
        where T : Document, IDocument<T>
    {
        Assert.True(Document.TryParse<T>(envelope.Payload, out var parsed, out var refusal), refusal?.ToString());
        return parsed.Value;
    }
}
