using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>V38: what misused keys cost their segment, and nobody else.</summary>
public sealed class QuarantineTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    [MaliciousInput(95, "answer of a quarantined segment: SegmentQuarantined")]
    public void Segment_WithTwoCertificatesOfOneSlot_IsQuarantinedUntilANewerEpoch()
    {
        var held = Learned();
        var refused = Assert.IsType<Verdict.Refused>(Verify(held, Equivocate()));
        Assert.Equal(SealEquivocation, refused.Refusal.Failure);
        Assert.NotNull(refused.Evidence);
        var state = Taken(held, refused.Evidence);

        _world.Us1.SealAt(_world.Now - 300);
        Answers.Refused(SegmentQuarantined, Verify(state, _world.Answer()));

        // It is remembered over a restart, and ends with the epoch.
        Assert.True(StateFile.TryRead(StateFile.Write(state, "n"), state.Home, "n", out var read, out var error), error);
        Answers.Refused(SegmentQuarantined, Verify(read, _world.Answer()));
        _world.Us1.Next(_world.Now - 250).SealAt(_world.Now - 200);
        Answers.Accepted(Verify(read, _world.Answer()));
    }

    [Fact]
    public void Home_WithTwoCertificatesOfOneSlot_IsQuarantined()
    {
        var held = Learned();
        _world.Eu1.Seq--;
        _world.Eu1.SealAt(_world.Now - 500);
        var refused = Assert.IsType<Verdict.Refused>(Verify(held, _world.Answer()));
        Answers.Refused(SegmentQuarantined, Verify(Taken(held, refused.Evidence!), _world.Answer()));
    }

    [Fact]
    [MaliciousInput(130, "attest of an anchor with one-key evidence: AnchorExcluded (segment not quarantined)")]
    public void Anchor_WhoSealedTwiceInOneSlot_IsExcludedAndNobodyElse()
    {
        var held = Learned();
        var first = _world.Us1.Seal;
        _world.Us1.Seq--;
        _world.Us1.SealAt(_world.Now - 500);
        var liar = _world.Us1.Anchors[0];
        var state = Taken(held, new Contradiction(
            ContradictionKind.SealVotes, _world.Us1.Genesis, Envelope.Sign(first, liar.Seal),
            Envelope.Sign(_world.Us1.Seal, liar.Seal)));
        _world.Us1.SealAt(_world.Now - 300);

        Answers.Refused(AnchorExcluded, Verify(state, AttestedBy(liar)));
        Answers.Accepted(Verify(state, AttestedBy(_world.Us1.Anchors[1])));
        Assert.True(StateFile.TryRead(StateFile.Write(state, "n"), state.Home, "n", out var read, out _));
        Answers.Refused(AnchorExcluded, Verify(read, AttestedBy(liar)));
        _world.Us1.Next(_world.Now - 250).SealAt(_world.Now - 200);
        Answers.Accepted(Verify(read, AttestedBy(liar)));
    }

    [Fact]
    public void Anchor_WhoVotedOrDecidedTwice_IsExcluded()
    {
        var held = Learned();
        var liar = _world.Us1.Anchors[2];
        var vote = new Vote
        {
            Digest = Digest.Sha256("a"u8), Epoch = _world.Us1.Newest.Value.Number + 1, Phase = VotePhase.Prepare, Round = 3,
            Segment = _world.Us1.Genesis,
        };
        var other = vote with { Digest = Digest.Sha256("b"u8) };
        Assert.True(Votes(vote, other, liar.Gov).Next!.Segments[_world.Us1.Genesis].IsExcluded(liar.Id));
        Refused(WrongKeyRole, Votes(vote, other, liar.Seal));
        Refused(BadEnvelope, Votes(vote, other with { Round = 4 }, liar.Gov));
        Refused(BadEnvelope, Votes(vote, vote, liar.Gov));

        (VerifierState? Next, Refusal? Refusal) Votes(Vote a, Vote b, ISigner signer) => EvidenceCheck.Check(
            held, new Contradiction(
                ContradictionKind.EpochVotes, _world.Us1.Genesis, Envelope.Sign(Document.Make(a), signer),
                Envelope.Sign(Document.Make(b), signer)));

        Assert.True(Document.TryParse<Attest>(_world.Answer().Hops[1].Attests[0].Payload, out var attest, out _));
        var deny = attest.Value with { Decision = RuleEffect.Deny, Rule = null, Constraints = null };
        var (next, _) = EvidenceCheck.Check(held, new Contradiction(
            ContradictionKind.Attests, _world.Us1.Genesis, Envelope.Sign(attest, liar.Seal),
            Envelope.Sign(Document.Make(deny), liar.Seal)));
        Assert.True(next!.Segments[_world.Us1.Genesis].IsExcluded(liar.Id));
        Assert.False(next.Segments[_world.Us1.Genesis].IsQuarantined);
        Assert.False(next.Segments[_world.Eu1.Genesis].IsExcluded(liar.Id));
    }

    [Fact]
    [MaliciousInput(131, "two certificates of an old epoch: EvidenceStale")]
    public void Evidence_OfAnOlderEpoch_IsStale()
    {
        var held = Learned();
        var first = _world.Us1.SealEnvelope;
        Equivocate();
        var evidence = new Contradiction(
            ContradictionKind.Certificates, _world.Us1.Genesis, first, _world.Us1.SealEnvelope);
        _world.Us1.Next(_world.Now - 250).SealAt(_world.Now - 200);
        var later = Answers.Accepted(Verify(held, _world.Answer())).Next;

        Refused(EvidenceStale, EvidenceCheck.Check(later, evidence));
        Assert.NotNull(EvidenceCheck.Check(held, evidence).Next);
    }

    [Fact]
    [MaliciousInput(86, "evidence with a bad signature: BadSignature")]
    public void Evidence_WithABadSignature_ChangesNothing()
    {
        var held = Learned();
        var (first, one) = (_world.Us1.SealEnvelope, _world.Us1.Seal);
        Equivocate();
        var second = _world.Us1.SealEnvelope;
        var forged = second with { Signatures = first.Signatures };
        Refused(BadSignature, Check(first, forged));
        Refused(BadEnvelope, Check(first, first));
        Refused(ThresholdNotMet, Check(first, second with { Signatures = second.Signatures[1..] }));
        Refused(WrongSegment, EvidenceCheck.Check(held, new Contradiction(
            ContradictionKind.Certificates, _world.Eu1.Genesis, first, second)));
        Refused(EpochUnknown, EvidenceCheck.Check(_world.State, new Contradiction(
            ContradictionKind.Certificates, _world.Us1.Genesis, first, second)));

        // Two keys that say different things are what a split slot looks like, and no misuse.
        Refused(ThresholdNotMet, EvidenceCheck.Check(held, new Contradiction(
            ContradictionKind.SealVotes, _world.Us1.Genesis, Envelope.Sign(one, _world.Us1.Anchors[0].Seal),
            Envelope.Sign(_world.Us1.Seal, _world.Us1.Anchors[1].Seal))));
        Refused(BadEnvelope, EvidenceCheck.Check(held, new Contradiction(
            ContradictionKind.None, _world.Us1.Genesis, first, second)));

        (VerifierState? Next, Refusal? Refusal) Check(Envelope a, Envelope b) => EvidenceCheck.Check(
            held, new Contradiction(ContradictionKind.Certificates, _world.Us1.Genesis, a, b));
    }

    /// <summary>A parent whose keys are in wrong hands can make its own word worthless: it introduces nobody any more,
    /// and ends nothing that it introduced before.</summary>
    [Fact]
    public void Transit_Quarantined_IntroducesNobodyNewAndEndsNothing()
    {
        var tree = new TreeWorld();
        var before = tree.Ask("x").State;
        var learned = Answers.Accepted(
            AnswerVerifier.Verify(before, tree.ToUs1().Query, tree.ToUs1().Record(), tree.Now)).Next;
        var first = tree.Acme.SealEnvelope;
        tree.Acme.Seq--;
        tree.Acme.SealAt(tree.Now - 500);
        var evidence = new Contradiction(
            ContradictionKind.Certificates, tree.Acme.Genesis, first, tree.Acme.SealEnvelope);
        var state = Taken(learned, evidence);
        tree.Acme.SealAt(tree.Now - 400);

        Answers.Accepted(AnswerVerifier.Verify(state, tree.ToUs1().Query, tree.ToUs1().Record(), tree.Now));

        var unpinned = Taken(before.With(Chain(tree.Eu1, tree.Now)).With(Chain(tree.Acme, tree.Now)), evidence);
        Answers.Refused(SegmentQuarantined, AnswerVerifier.Verify(
            unpinned, tree.ToUs1().Query, tree.ToUs1().Record(), tree.Now));
    }

    private static SegmentState Chain(AnswerSegment segment, long now) =>
        EpochChain.Extend(null, segment.Genesis, null, [.. segment.Documents], now).Segment!;

    private static void Refused(VerificationFailure expected, (VerifierState? Next, Refusal? Refusal) outcome)
    {
        Assert.Null(outcome.Next);
        Assert.True(outcome.Refusal!.Failure == expected, $"expected {expected}, was {outcome.Refusal}");
    }

    private static VerifierState Taken(VerifierState state, Contradiction evidence)
    {
        var (next, refusal) = EvidenceCheck.Check(state, evidence);
        Assert.True(next is not null, refusal?.ToString());
        return next;
    }

    private UnverifiedAnswer AttestedBy(AnchorKeys anchor)
    {
        var ask = _world.Ask();
        ask.Attesters = hop => hop == 1 ? [anchor.Seal] : [_world.Eu1.Anchors[0].Seal];
        return ask.Record(_world.East, _world.West);
    }

    // Another certified seal in the slot of the one that is known.
    private UnverifiedAnswer Equivocate()
    {
        _world.Us1.Seq--;
        _world.Us1.Put(AnswerLeaves.RecordOf("cart.shop.svc", _world.Now, _world.Us1.Publisher))
            .SealAt(_world.Now - 500);
        return _world.Answer();
    }

    private VerifierState Learned() => Answers.Accepted(Verify(_world.State, _world.Answer())).Next;

    private Verdict Verify(VerifierState state, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(state, _world.Ask().Query, answer, _world.Now);
}
