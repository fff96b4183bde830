using System.Collections.Immutable;
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
        Assert.True(StateFile.TryRead(StateFile.Write(state, "n"), state.Home, "n", out var read, out _));
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
            Digest = Digest.Sha256("a"u8), Epoch = _world.Us1.Newest.Value.Number + 1, Phase = VotePhase.Prepare,
            Round = 3, Segment = _world.Us1.Genesis,
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

    /// <summary>V14: a second certified epoch of the newest number is refused, and proves what its quorum did, also
    /// after a restart; the votes of one key, of another phase or of fewer than the quorum do not.</summary>
    [Fact]
    public void Segment_WithTwoCertifiedEpochsOfOneNumber_IsQuarantinedUntilANewerEpoch()
    {
        var held = Learned();
        Assert.True(StateFile.TryRead(StateFile.Write(held, "n"), held.Home, "n", out var kept, out _));
        var ask = _world.Ask();
        var fork = AnswerEpochs.Certify(_world.Us1, Document.Make(
            AnswerEpochs.Next(_world.Us1, _world.Now - 5000) with
            {
                Number = 1, Prev = _world.Us1.Epochs[0].Digest, Issued = _world.Now - 40_000,
            }));
        ask.Epochs = (hop, segment) => hop == 1 ? [fork] : segment.Documents;
        var refused = Assert.IsType<Verdict.Refused>(AnswerVerifier.Verify(
            kept, ask.Query, ask.Record(_world.East, _world.West), _world.Now));
        Assert.Equal(EpochEquivocation, refused.Refusal.Failure);
        var evidence = refused.Evidence;
        Assert.Equal(ContradictionKind.EpochCertificates, evidence?.Kind);

        var state = Taken(held, evidence!);
        Answers.Refused(SegmentQuarantined, Verify(state, _world.Answer()));
        Assert.True(StateFile.TryRead(StateFile.Write(state, "n"), state.Home, "n", out var read, out _));
        Answers.Refused(SegmentQuarantined, Verify(read, _world.Answer()));
        Assert.Same(read, Taken(read, evidence!));

        // Either half is any envelope that came: none of these is two certificates of one number.
        var (first, second) = (evidence!.First, evidence.Second);
        Refused(BadEnvelope, EvidenceCheck.Check(held, evidence with { Second = first }));
        Refused(BadSignature, EvidenceCheck.Check(
            held, evidence with { Second = second with { Signatures = first.Signatures } }));
        Refused(ThresholdNotMet, EvidenceCheck.Check(
            held, evidence with { Second = second with { Signatures = second.Signatures[1..] } }));
        Assert.True(Document.TryParse<Vote>(second.Payload, out var vote, out _));
        var prepare = Document.Make(vote.Value with { Phase = VotePhase.Prepare });
        Refused(WrongPhase, EvidenceCheck.Check(
            held, evidence with { Second = second with { Payload = prepare.Payload } }));
        Refused(EpochUnknown, EvidenceCheck.Check(_world.State, evidence));

        _world.Us1.Next(_world.Now - 250).SealAt(_world.Now - 200);
        var later = Answers.Accepted(Verify(read, _world.Answer())).Next;
        Refused(EvidenceStale, EvidenceCheck.Check(later, evidence));
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

    /// <summary>What one key signs twice has to be kept and passed on by all: it can be no larger than it needs
    /// to.</summary>
    [Fact]
    public void Statement_PaddedWithExtensions_TooLarge()
    {
        var held = Learned();
        var seal = _world.Us1.Seal;
        var liar = _world.Us1.Anchors[0];
        Assert.True(EvidenceCheck.Check(held, Padded(2)).Next!.Segments[_world.Us1.Genesis].IsExcluded(liar.Id));
        Refused(TooLarge, EvidenceCheck.Check(held, Padded(5)));

        var many = Padded(0);
        Refused(TooLarge, EvidenceCheck.Check(held, many with
        {
            Second = many.Second with { Signatures = [.. Enumerable.Repeat(many.Second.Signatures[0], 1000)] },
        }));

        Contradiction Padded(int parts)
        {
            var ext = Enumerable.Range(0, parts).ToImmutableSortedDictionary(
                i => $"pad{i}", _ => new string('x', 1000), StringComparer.Ordinal);
            var other = Document.Make(seal.Value with { Ext = ext, Count = seal.Value.Count + 1 });
            return new Contradiction(
                ContradictionKind.SealVotes, _world.Us1.Genesis, Envelope.Sign(seal, liar.Seal),
                Envelope.Sign(other, liar.Seal));
        }
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

    /// <summary>I24 before V18's letter: a parent that shows another seal of one slot to each home anchor ends nothing
    /// that it introduced before; what that proves is found all the same, and it introduces nobody new by it.</summary>
    [Fact]
    public void Transit_WithTwoSealsOfOneSlot_EndsNothingThatItIntroducedAndIsAccused()
    {
        var tree = new TreeWorld();
        var before = tree.Ask("x").State;
        var learned = Answers.Accepted(
            AnswerVerifier.Verify(before, tree.ToUs1().Query, tree.ToUs1().Record(), tree.Now)).Next;
        var held = learned.Segments[tree.Acme.Genesis].Seal;
        tree.Acme.Seq--;
        tree.Acme.SealAt(tree.Now - 500);

        var again = Answers.Accepted(
            AnswerVerifier.Verify(learned, tree.ToUs1().Query, tree.ToUs1().Record(), tree.Now));
        Assert.Equal(held, again.Next.Segments[tree.Acme.Genesis].Seal);
        Assert.True(Taken(again.Next, again.Evidence!).Segments[tree.Acme.Genesis].IsQuarantined);

        // A target of which nothing is known yet, over the same transit.
        var stranger = learned with
        {
            Pins = learned.Pins.Remove(tree.Us1.Name),
            Segments = learned.Segments.Remove(tree.Us1.Genesis),
        };
        var refused = Assert.IsType<Verdict.Refused>(
            AnswerVerifier.Verify(stranger, tree.ToUs1().Query, tree.ToUs1().Record(), tree.Now));
        Assert.Equal(SealEquivocation, refused.Refusal.Failure);
        Assert.True(Taken(stranger, refused.Evidence!).Segments[tree.Acme.Genesis].IsQuarantined);
    }

    /// <summary>I24 before V14's letter, as with seals: a parent that shows another epoch of one number to each home
    /// anchor is accused by it, ends nothing and introduces nobody new.</summary>
    [Fact]
    public void Transit_WithTwoEpochsOfOneNumber_EndsNothingThatItIntroducedAndIsAccused()
    {
        var tree = new TreeWorld();
        tree.Acme.Next(tree.Now - 5000).SealAt(tree.Now - 400);
        var learned = Answers.Accepted(AnswerVerifier.Verify(
            tree.Ask("x").State, tree.ToUs1().Query, tree.ToUs1().Record(), tree.Now)).Next;
        var acme = tree.Acme.Newest;
        var fork = AnswerEpochs.Certify(
            tree.Acme, Document.Make(acme.Value with { Expires = acme.Value.Expires - 1 }));
        var ask = tree.ToUs1();
        ask.Epochs = (hop, segment) => hop == 1 ? [fork] : segment.Documents;

        var again = Answers.Accepted(AnswerVerifier.Verify(learned, ask.Query, ask.Record(), tree.Now));
        Assert.Equal(acme.Digest, again.Next.Segments[tree.Acme.Genesis].Newest.Digest);
        Assert.True(Taken(again.Next, again.Evidence!).Segments[tree.Acme.Genesis].IsQuarantined);

        var stranger = learned with
        {
            Pins = learned.Pins.Remove(tree.Us1.Name),
            Segments = learned.Segments.Remove(tree.Us1.Genesis),
        };
        var refused = Assert.IsType<Verdict.Refused>(
            AnswerVerifier.Verify(stranger, ask.Query, ask.Record(), tree.Now));
        Assert.Equal(EpochEquivocation, refused.Refusal.Failure);
        Assert.True(Taken(stranger, refused.Evidence!).Segments[tree.Acme.Genesis].IsQuarantined);
    }

    /// <summary>What it decided before is remembered over answers, and only what contradicts it is evidence.</summary>
    [Fact]
    public void Anchor_WhoDecidesBothWays_IsFoundByTheAnswersThatItGave()
    {
        var watch = new AttestWatch();
        Assert.Null(watch.See(Verify(_world.State, _world.Answer())));
        Assert.Null(watch.See(Verify(_world.State, _world.Answer())));
        var asked = watch.Count;
        Assert.True(asked >= 2, $"{asked} questions");

        // Another anchor's denial is a difference of opinion, and no lie of one key.
        var learned = Learned();
        Assert.Null(watch.See(Verify(learned, DeniedBy(_world.Us1.Anchors[3]))));
        var found = watch.See(Verify(learned, DeniedBy(_world.Us1.Anchors[0])));
        Assert.Equal((ContradictionKind.Attests, _world.Us1.Genesis), (found?.Kind, found?.Segment));
        var state = Taken(learned, found!);
        Assert.True(state.Segments[_world.Us1.Genesis].IsExcluded(_world.Us1.Anchors[0].Id));

        var small = new AttestWatch(1);
        small.See(Verify(_world.State, _world.Answer()));
        Assert.Equal(1, small.Count);
    }

    /// <summary>A segment that fills what is remembered, by number or by bytes, makes its own forgotten.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public void Watch_FilledByOneSegment_RemembersTheOthers(int padding)
    {
        var watch = new AttestWatch(100);
        watch.See(Verify(_world.State, _world.Answer()));
        var flood = _world.Answer().Hops[0].Attests[0];
        Assert.True(Document.TryParse<Attest>(flood.Payload, out var attest, out _));
        var ext = Enumerable.Range(0, padding).ToImmutableSortedDictionary(
            i => $"pad{i:d3}", _ => new string('x', 1000), StringComparer.Ordinal);
        for (var i = 0; i < 1000; i++)
        {
            var one = Document.Make(attest.Value with
            {
                Subject = Digest.Sha256(BitConverter.GetBytes(i)), Segment = Digest.Sha256("a stranger"u8), Ext = ext,
            });
            watch.See(new Verdict.Refused(new Refusal(PolicyDenied, "", ""))
            {
                Signed = [new HopAttest(Envelope.Sign(one, _world.Eu1.Anchors[1].Seal), one)],
            });
            Assert.InRange(watch.Count, 1, 100);
            Assert.InRange(watch.Bytes, 1, 100 * 2048);
        }

        Assert.NotNull(watch.See(Verify(Learned(), DeniedBy(_world.Us1.Anchors[0]))));
    }

    /// <summary>What decides another question than the one asked is nobody's to remember.</summary>
    [Fact]
    public void Attest_ThatIsNotWhatTheAnswerNeeds_IsNotRemembered()
    {
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == 1 ? attest with { Subject = Digest.Sha256("x"u8) } : attest;
        var (right, wrong) = (new AttestWatch(), new AttestWatch());
        right.See(Verify(_world.State, _world.Answer()));
        var refused = Assert.IsType<Verdict.Refused>(
            AnswerVerifier.Verify(_world.State, ask.Query, ask.Record(_world.East, _world.West), _world.Now));
        Assert.Equal(AttestationMismatch, refused.Refusal.Failure);
        wrong.See(refused);
        Assert.Equal(right.Count - 1, wrong.Count);
    }

    /// <summary>The evidence itself is kept, over a restart too, so that it can be passed on: one piece for each who is
    /// accused. More of it changes nothing and is not verified.</summary>
    [Fact]
    public void Evidence_ThatCounts_IsKeptOnceForEachAccused()
    {
        var held = Learned();
        var first = _world.Us1.SealEnvelope;
        var seal = _world.Us1.Seal;
        Equivocate();
        var evidence = new Contradiction(
            ContradictionKind.Certificates, _world.Us1.Genesis, first, _world.Us1.SealEnvelope);
        var liar = _world.Us1.Anchors[1];
        var votes = new Contradiction(
            ContradictionKind.SealVotes, _world.Us1.Genesis, Envelope.Sign(seal, liar.Seal),
            Envelope.Sign(_world.Us1.Seal, liar.Seal));
        var state = Taken(Taken(held, evidence), votes);
        Assert.True(
            StateFile.TryRead(StateFile.Write(state, "n"), state.Home, "n", out var read, out var error), error);
        Assert.Equal(
            [ContradictionKind.Certificates, ContradictionKind.SealVotes],
            read.Segments[_world.Us1.Genesis].Evidence.Select(piece => piece.Kind));
        foreach (var piece in read.Segments[_world.Us1.Genesis].Evidence)
        {
            Assert.NotSame(held, Taken(held, piece));
            var forged = piece with { Second = piece.Second with { Signatures = piece.First.Signatures } };
            Assert.Same(read, Taken(read, piece));
            Assert.Same(read, Taken(read, forged));
        }

        _world.Us1.Next(_world.Now - 250).SealAt(_world.Now - 200);
        Assert.Empty(Answers.Accepted(Verify(read, _world.Answer())).Next.Segments[_world.Us1.Genesis].Evidence);
    }

    /// <summary>What is held of a name ends with its target's word, and not with that of who introduced it.</summary>
    [Fact]
    public void Answer_HeldWhileAKeyIsFoundMisused_EndsOrIsRenewed()
    {
        var accepted = Answers.Accepted(Verify(_world.State, _world.Answer()));
        var held = accepted.Next.Segments[_world.Us1.Genesis];
        var (first, seal, liar) = (_world.Us1.SealEnvelope, _world.Us1.Seal, _world.Us1.Anchors[0]);
        Equivocate();
        var quarantined = EvidenceCheck.Check(held, new Contradiction(
            ContradictionKind.Certificates, _world.Us1.Genesis, first, _world.Us1.SealEnvelope)).Next!;
        var excluded = EvidenceCheck.Check(held, new Contradiction(
            ContradictionKind.SealVotes, _world.Us1.Genesis, Envelope.Sign(seal, liar.Seal),
            Envelope.Sign(_world.Us1.Seal, liar.Seal))).Next!;
        Assert.Equal(EpochEffect.None, EpochChange.Of(accepted.Answer, held));
        Assert.Equal(EpochEffect.Ends, EpochChange.Of(accepted.Answer, quarantined));
        Assert.Equal(EpochEffect.Renew, EpochChange.Of(accepted.Answer, excluded));
    }

    /// <summary>4.7: of newer epochs not held as documents nobody knows whether one dropped the Peer.</summary>
    [Fact]
    public void Answer_OfBeforeMoreEpochsThanAreHeld_IsRenewed()
    {
        var accepted = Answers.Accepted(Verify(_world.State, _world.Answer()));
        var held = accepted.Next.Segments[_world.Eu1.Genesis];
        Assert.Equal(EpochEffect.None, EpochChange.Of(accepted.Answer, After(1)));
        Assert.Equal(EpochEffect.Renew, EpochChange.Of(accepted.Answer, After(SegmentState.MaxDocuments)));

        SegmentState After(int epochs)
        {
            for (var i = 0; i < epochs; i++)
            {
                _world.Eu1.Next(
                    _world.Now - 400, epoch => epoch with { Op = new EpochOp { Type = OpType.Renew } });
            }

            var chain = EpochChain.Extend(
                held, held.Genesis, null, [.. _world.Eu1.Documents], _world.Now, accepted.Next.ClockDelta);
            Assert.True(chain.IsAccepted, chain.Refusal?.ToString());
            return chain.Segment;
        }
    }

    private UnverifiedAnswer DeniedBy(AnchorKeys anchor)
    {
        var ask = _world.Ask();
        ask.Attesters = hop => hop == 1 ? [anchor.Seal] : [_world.Eu1.Anchors[0].Seal];
        return ask.Denied();
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
