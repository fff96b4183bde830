using Fairlead.Naming;
using Xunit;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>
/// The leader's Witnesses: with heartbeats alone, and never at the cost of one. The engine under test is a0.
/// </summary>
public sealed class WitnessLeaderTests
{
    private const long Heartbeat = 5_000;

    private readonly Neighbours _port = new();
    private readonly EngineBench _bench;

    public WitnessLeaderTests()
    {
        _bench = new EngineBench(options => options with { Witnesses = _port }, isReady: false, self: "a0");
        _bench.Answer(["a2"]);
        Certify(Proposal(_bench.Receive("a3", new SealMessage.Claim(0, false, null, null))));
        Saw(7);
    }

    [Fact]
    public void Heartbeat_PutsWhatWasSeen_AChangeDoesNot()
    {
        var change = Proposal(_bench.Step(new SealInput.Publish(1, _bench.Sign(_bench.Record()))));
        Assert.Equal("record", Assert.Single(change.Message.Puts).Type);
        Certify(change);
        var beat = Beat();
        Assert.True(Assert.Single(beat.Message.Puts).IsWitness);
        Certify(beat);
        Assert.Equal(7, Assert.Single(_bench.Engine.Newest!.State.Witnesses).Witness!.Seq);

        // The same again is no news, a later one is.
        Assert.Empty(Beat().Message.Puts);
    }

    /// <summary>A segment that is never quiet for a heartbeat witnesses as often as one that is, on seals of their own,
    /// and no refusal of one keeps a change waiting.</summary>
    [Fact]
    public void Changes_ThatLeaveNoHeartbeat_LeaveRoomForWitnesses()
    {
        var witnessed = new List<int>();
        for (var second = 1; second <= 16; second++)
        {
            _bench.Now += 1_000;
            Saw(7 + second);
            var change = Proposal(_bench.Step(new SealInput.Publish(
                second, _bench.Sign(_bench.Record($"n{second}.shop.svc")))));
            Assert.False(Assert.Single(change.Message.Puts).IsWitness);
            foreach (var own in Proposals(Certify(change)))
            {
                witnessed.Add(second);
                Assert.Equal(7 + second, _bench.ReadWitness(Assert.Single(own.Message.Puts))!.Witness!.Seq);
                if (second < 15)
                {
                    Certify(own);
                    continue;
                }

                Refuse("a1", own);
                Assert.Empty(Proposals(Refuse("a2", own)));
            }
        }

        Assert.Equal([5, 10, 15], witnessed);
        Assert.Equal(17, Assert.Single(_bench.Engine.Newest!.State.Witnesses).Witness!.Seq);
    }

    [Fact]
    public void Seen_OrExpired_WakesNobody()
    {
        Certify(Beat());
        Saw(8);
        Assert.Empty(Proposals(_bench.Step(new SealInput.Tick())));
        _port.List.Clear();
        for (var beats = 0; _bench.Engine.Newest!.State.Witnesses.Any(); beats++)
        {
            // Its seal is over some time before: it goes with the heartbeat behind that, and wakes nobody before.
            Assert.InRange(beats, 0, 4);
            _bench.Now += Heartbeat - 1;
            Assert.Empty(Proposals(_bench.Step(new SealInput.Tick())));
            _bench.Now -= Heartbeat - 1;
            Certify(Beat());
        }
    }

    [Fact]
    public void Refusals_ThatLeaveTooFew_BringTheHeartbeatWithoutAtOnce()
    {
        var beat = Beat();
        Assert.Empty(Proposals(Refuse("a1", beat)));
        var next = Proposal(Refuse("a2", beat));
        Assert.Empty(next.Message.Puts);
        Certify(next);

        // What was named waits; what another segment sealed does not.
        _port.KnowsAll = true;
        _port.List.Add(Neighbours.Saw(1, _bench.Now, _bench.Now, Digest.Sha256("another"u8)));
        beat = Beat();
        Assert.Equal(
            Digest.Sha256("another"u8), _bench.ReadWitness(Assert.Single(beat.Message.Puts))!.Witness!.Segment);
        Certify(beat);
        for (var beats = 2; beats < SealLimits.WitnessPause / Heartbeat; beats++)
        {
            Saw(7 + beats);
            beat = Beat();
            Assert.Empty(beat.Message.Puts);
            Certify(beat);
        }

        Saw(99);
        Certify(Beat());
        Saw(100);
        Assert.Single(Beat().Message.Puts);
    }

    [Fact]
    public void OneRefusal_CostsNothing()
    {
        var beat = Beat();
        Refuse("a1", beat);
        Certify(beat);
        Assert.Single(_bench.Engine.Newest!.State.Witnesses);
    }

    [Fact]
    public void NoVotes_TheNextSlotGoesWithout()
    {
        Beat();
        _bench.Now += SealLimits.ShortestTurn / 2;
        var next = Proposal(_bench.Step(new SealInput.Tick()));
        Assert.Empty(next.Message.Puts);
        Certify(next);
        Saw(8);
        Assert.Single(Beat().Message.Puts);
    }

    [Fact]
    public void Handover_HoldsNoWitness()
    {
        Certify(Beat());
        var outputs = _bench.Step(new SealInput.Succeed(Digest.Sha256("the next epoch"u8)));
        var propose = Assert.Single(outputs.OfType<SealOutput.Broadcast>().Select(one => one.Message)
            .OfType<SealMessage.Propose>());
        Assert.Equal(LeafClass.Witness, Assert.Single(propose.Drops).Class);
        Assert.True(Document.TryParse<Handover>(propose.Seal, out var handover, out _));
        Assert.Equal(_bench.Reader().OperationTree.Root, handover.Value.Root);
    }

    private static IEnumerable<Sent> Proposals(IReadOnlyList<SealOutput> outputs) =>
        from broadcast in outputs.OfType<SealOutput.Broadcast>()
        where broadcast.Message is SealMessage.Propose
        select Sent.Of((SealMessage.Propose)broadcast.Message);

    private static Sent Proposal(IReadOnlyList<SealOutput> outputs) => Assert.Single(Proposals(outputs));

    private void Saw(long seq)
    {
        _port.List.Clear();
        _port.List.Add(Neighbours.Saw(seq, _bench.Now, _bench.Now));
    }

    private Sent Beat()
    {
        _bench.Now += Heartbeat;
        return Proposal(_bench.Step(new SealInput.Tick()));
    }

    private IReadOnlyList<SealOutput> Refuse(string anchor, Sent proposal) => _bench.Receive(
        anchor,
        new SealMessage.Refuse(
            0, proposal.Seal.Seq, VerificationFailure.EpochUnknown, "", 0, proposal.Message.Puts, null));

    private IReadOnlyList<SealOutput> Certify(Sent proposal)
    {
        List<SealOutput> outputs = [];
        foreach (var anchor in new[] { "a2", "a3" })
        {
            var signer = _bench.World.Signer($"seal {anchor}");
            var signature = new SignatureEntry(signer.Key.Kid, signer.Sign(proposal.Digest));
            outputs.AddRange(_bench.Receive(
                anchor, new SealMessage.Vote(0, proposal.Seal.Seq, proposal.Digest, signature)));
        }

        Assert.Equal(proposal.Digest, _bench.Engine.Newest?.Digest);
        return outputs;
    }

    private sealed record Sent(SealMessage.Propose Message, Seal Seal, Digest Digest)
    {
        internal static Sent Of(SealMessage.Propose message)
        {
            Assert.True(Document.TryParse<Seal>(message.Seal, out var seal, out _));
            return new Sent(message, seal.Value, seal.Digest);
        }
    }
}
