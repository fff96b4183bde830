using Fairlead.Naming;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>
/// The leader's side: batches, votes, refusals, certificates, heartbeats. The engine under test is a0.
/// </summary>
public sealed class LeaderTests
{
    private readonly EngineBench _bench = new(self: "a0", isReady: false);

    [Fact]
    public void Start_TAnswered_ProposesFirstSealOverHandover()
    {
        var outputs = Start();
        var proposal = Proposal(outputs);
        Assert.Equal((0L, _bench.Handover), (proposal.Seal.Seq, proposal.Seal.Prev!.Value));
        var list = outputs.ToList();
        Assert.InRange(list.FindIndex(o => o is SealOutput.Journal), 0, list.FindIndex(o => o is SealOutput.Broadcast));
    }

    [Fact]
    public void Vote_TthSignature_CertifiesSubscribersBeforeAnchors()
    {
        var proposal = Proposal(Start());
        Assert.DoesNotContain(Vote("a2", proposal), o => o is SealOutput.Certified);
        var outputs = Vote("a3", proposal).ToList();
        var certified = outputs.FindIndex(o => o is SealOutput.Certified);
        var told = outputs.FindIndex(o => o is SealOutput.Broadcast { Message: SealMessage.Certificate });
        Assert.InRange(certified, 0, told - 1);
        var state = ((SealOutput.Certified)outputs[certified]).State;
        Assert.Equal(3, state.Certificate.Signatures.Length);
        Assert.Equal(state.Certificate.Signatures.OrderBy(s => s.Kid), state.Certificate.Signatures);
    }

    [Fact]
    [MaliciousInput(11, "kid of another key: KeyIdMismatch")]
    public void Vote_ForgedOrTwice_CountsNothing()
    {
        var proposal = Proposal(Start());
        var good = Sign("a2", proposal);
        Vote("a2", proposal);
        Assert.Empty(Vote("a2", proposal).OfType<SealOutput.Certified>());
        var forged = new SignatureEntry(_bench.World.Signer("seal a3").Key.Kid, good.Value);
        var outputs = _bench.Receive("a3", new SealMessage.Vote(0, 0, proposal.Digest, forged));
        var ignored = Assert.Single(outputs.OfType<SealOutput.Ignored>());
        Assert.Equal(VerificationFailure.BadSignature, ignored.Refusal.Failure);
        outputs = _bench.Receive("a3", new SealMessage.Vote(0, 0, proposal.Digest, good));
        Assert.Equal(
            VerificationFailure.KeyIdMismatch, Assert.Single(outputs.OfType<SealOutput.Ignored>()).Refusal.Failure);
        Assert.Null(_bench.Engine.Newest);
    }

    [Fact]
    public void Publish_Idle_IsProposedAtOnce_InFlight_WaitsForTheSlot()
    {
        Certify(Proposal(Start()));
        var first = _bench.Sign(_bench.Record());
        var proposal = Proposal(_bench.Step(new SealInput.Publish(1, first)));
        Assert.Equal(1, proposal.Seal.Seq);
        var outputs = _bench.Step(new SealInput.Publish(2, _bench.Sign(_bench.Record("n2.shop.svc"))));
        Assert.Empty(Proposals(outputs));
        outputs = Certify(proposal);
        Assert.Contains(new SealOutput.Sealed(1, 1, 1), outputs);
        Assert.Equal("n2.shop.svc", _bench.Read(Assert.Single(Proposal(outputs).Message.Puts)).Name.Name);
    }

    [Fact]
    public void Refusal_Teaching_ReproposesAtOnceAboveAllSlots()
    {
        var proposal = Proposal(Start());
        var missing = _bench.Sign(_bench.Record());
        var refuse = new SealMessage.Refuse(0, 0, VerificationFailure.NotDominating, "", 41, [missing], null);
        var next = Proposal(_bench.Receive("a2", refuse));
        Assert.Equal(42, next.Seal.Seq);
        Assert.Equal(missing.Document.Payload.ToArray(), Assert.Single(next.Message.Puts).Document.Payload.ToArray());
        Assert.NotEqual(proposal.Digest, next.Digest);
    }

    [Fact]
    public void Refusal_LyingAboutLast_CannotExhaustTheNumbers()
    {
        Start();
        var limit = _bench.Now - _bench.Epoch.Value.Issued + _bench.Epoch.Value.Policy.ClockDelta;
        var refuse = new SealMessage.Refuse(0, 0, VerificationFailure.SeqUsed, "", limit + 1, [], null);
        Assert.Empty(Proposals(_bench.Receive("a2", refuse)));
        _bench.Now += SealLimits.ShortestTurn / 2;
        Assert.Equal(1, Proposal(_bench.Step(new SealInput.Tick())).Seal.Seq);
    }

    [Fact]
    public void Slot_WithoutVotes_IsSkippedNotRetried()
    {
        var proposal = Proposal(Start());
        _bench.Now += SealLimits.ShortestTurn / 2;
        var next = Proposal(_bench.Step(new SealInput.Tick()));
        Assert.Equal(1, next.Seal.Seq);

        // Late votes for the slot before still make its certificate.
        Vote("a2", proposal);
        Vote("a3", proposal);
        Assert.Equal(0, _bench.Engine.Newest?.Seal.Seq);
    }

    [Fact]
    public void Heartbeat_AfterAThirdOfValidity_SealsTheSameState()
    {
        Certify(Proposal(Start()));
        _bench.Now += 4_999;
        Assert.Empty(Proposals(_bench.Step(new SealInput.Tick())));
        _bench.Now += 1;
        var proposal = Proposal(_bench.Step(new SealInput.Tick()));
        Assert.Empty(proposal.Message.Puts);
        Assert.Equal(_bench.Engine.Newest!.Seal.Root, proposal.Seal.Root);
    }

    [Fact]
    public void Batch_ManyEntries_HoldsAtMostNewChanges()
    {
        for (var i = 0; i < SealLimits.NewChanges + 10; i++)
        {
            _bench.Step(new SealInput.Publish(i, _bench.Sign(_bench.Record($"m{i}.shop.svc"))));
        }

        var first = Proposal(Start());
        Assert.Equal(SealLimits.NewChanges, first.Message.Puts.Count);
        Assert.Equal(10, Proposal(Certify(first)).Message.Puts.Count);
    }

    [Fact]
    public void Expired_Entry_IsDroppedWithTheNextSeal()
    {
        Certify(Proposal(Start()));
        Certify(Proposal(_bench.Step(new SealInput.Publish(1, _bench.Sign(_bench.Record(life: 2_000))))));
        _bench.Now += 5_000;
        var proposal = Proposal(_bench.Step(new SealInput.Tick()));
        Assert.Equal("n1.shop.svc", Assert.Single(proposal.Message.Drops).Name);
    }

    [Fact]
    [MaliciousInput(140, "certified pair in which a name falls: SealRegression")]
    public void Certificate_ThatDropsALiveName_IsEvidence()
    {
        // More than F keys are stolen: a quorum signs a state that forgets what it certified.
        var bench = new EngineBench();
        var rewrite = bench.Propose(2, []);
        bench.Seal(1, bench.Sign(bench.Record()));
        bench.Receive("a0", rewrite);
        var outputs = bench.Receive(
            "a0", new SealMessage.Certificate(0, bench.Certify(rewrite.Seal, "a0", "a2", "a3")));
        var evidence = Assert.Single(outputs.OfType<SealOutput.Evidence>());
        Assert.Equal(VerificationFailure.SealRegression, evidence.Failure);
    }

    [Fact]
    public void Certificate_SecondOfOneSlot_IsEvidence()
    {
        var bench = new EngineBench();
        bench.Seal(1);
        var other = bench.Propose(2, [], change: s => s with { Seq = 1 });
        var certificate = new SealMessage.Certificate(0, bench.Certify(other.Seal, "a0", "a2", "a3"));
        var evidence = bench.Receive("a2", certificate).OfType<SealOutput.Evidence>().ToList();
        Assert.Equal(VerificationFailure.SealEquivocation, evidence[^1].Failure);

        // Each who signed both is told of by one signature under each (V38); the third of each quorum signed one.
        Assert.Equal(
            new[] { "seal a0", "seal a2" }.Select(name => bench.World.Signer(name).Key.Kid).Order(),
            evidence[..^1].Where(one => one.Failure == VerificationFailure.AnchorExcluded)
                .Select(one => Assert.Single(one.First.Signatures).Kid).Order());
        Assert.Equal(3, evidence.Count);
        Assert.Empty(bench.Receive("a2", certificate).OfType<SealOutput.Evidence>());
    }

    private static IEnumerable<Sent> Proposals(IReadOnlyList<SealOutput> outputs) =>
        from broadcast in outputs.OfType<SealOutput.Broadcast>()
        where broadcast.Message is SealMessage.Propose
        select Sent.Of((SealMessage.Propose)broadcast.Message);

    private static Sent Proposal(IReadOnlyList<SealOutput> outputs) => Assert.Single(Proposals(outputs));

    private IReadOnlyList<SealOutput> Start()
    {
        _bench.Answer(["a2"]);
        return _bench.Receive("a3", new SealMessage.Claim(0, false, null, null));
    }

    private SignatureEntry Sign(string anchor, Sent proposal)
    {
        var signer = _bench.World.Signer($"seal {anchor}");
        return new SignatureEntry(signer.Key.Kid, signer.Sign(proposal.Digest));
    }

    private IReadOnlyList<SealOutput> Vote(string anchor, Sent proposal) => _bench.Receive(
        anchor, new SealMessage.Vote(0, proposal.Seal.Seq, proposal.Digest, Sign(anchor, proposal)));

    private IReadOnlyList<SealOutput> Certify(Sent proposal)
    {
        Vote("a2", proposal);
        return Vote("a3", proposal);
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
