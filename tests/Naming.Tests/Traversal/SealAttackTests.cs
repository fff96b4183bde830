using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Seals that are old, of others, or certified by too few.</summary>
public sealed class SealAttackTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    [MaliciousInput(14, "same signature T times: DuplicateSigner")]
    public void Certificate_SameSignatureTTimes_DuplicateSigner()
    {
        var one = _world.Us1.SealEnvelope.Signatures[0];
        Refused(DuplicateSigner, Target(seal => seal with { Signatures = [one, one, one] }));
    }

    [Fact]
    [MaliciousInput(15, "one key, T fresh signatures: DuplicateSigner")]
    public void Certificate_OneKeyFreshSignatures_DuplicateSigner()
    {
        var key = _world.Us1.Anchors[0].Seal;
        var fresh = Enumerable.Range(0, 3)
            .Select(_ => new SignatureEntry(key.Key.Kid, key.Sign(_world.Us1.Seal.Digest)));
        Refused(DuplicateSigner, Target(seal => seal with { Signatures = [.. fresh] }));
    }

    [Fact]
    [MaliciousInput(16, "17 signatures: TooManySignatures")]
    public void Certificate_SeventeenSignatures_TooManySignatures()
    {
        var keys = Enumerable.Range(0, 17).Select(_ => AnchorKeys.NewKey()).ToList();
        Refused(TooManySignatures, Target(_ => Envelope.Sign(_world.Us1.Seal, keys)));
    }

    [Fact]
    [MaliciousInput(18, "T-1 valid + unknown key: ThresholdNotMet")]
    public void Certificate_TooFewAndAStranger_ThresholdNotMet()
    {
        var keys = _world.Us1.Anchors.Take(2).Select(anchor => anchor.Seal).Append(AnchorKeys.NewKey());
        Refused(ThresholdNotMet, Target(_ => Envelope.Sign(_world.Us1.Seal, keys)));
    }

    [Fact]
    public void Certificate_TooFew_ThresholdNotMet() => Refused(
        ThresholdNotMet,
        Target(_ => Envelope.Sign(_world.Us1.Seal, _world.Us1.Anchors.Take(2).Select(anchor => anchor.Seal))));

    [Fact]
    public void Certificate_GovKeys_WrongKeyRole() => Refused(
        WrongKeyRole,
        Target(_ => Envelope.Sign(_world.Us1.Seal, _world.Us1.Anchors.Take(3).Select(anchor => anchor.Gov))));

    [Fact]
    [MaliciousInput(99, "kids not ascending: SignatureOrder")]
    public void Certificate_KidsDescend_SignatureOrder() =>
        Refused(SignatureOrder, Target(seal => seal with { Signatures = [.. seal.Signatures.Reverse()] }));

    [Fact]
    [MaliciousInput(100, "T+1 signatures: TooManySignatures")]
    public void Certificate_OneTooMany_TooManySignatures() => Refused(
        TooManySignatures,
        Target(_ => Envelope.Sign(_world.Us1.Seal, _world.Us1.Anchors.Select(anchor => anchor.Seal))));

    [Fact]
    [MaliciousInput(101, "bad first signature, T good behind it: BadSignature")]
    public void Certificate_BadFirstSignature_BadSignature() => Refused(BadSignature, Target(seal =>
    {
        var bytes = seal.Signatures[0].Value.ToArray();
        bytes[40] ^= 1;
        return seal with { Signatures = seal.Signatures.SetItem(0, seal.Signatures[0] with { Value = bytes }) };
    }));

    [Fact]
    [MaliciousInput(35, "new answer under N after N+1 known: EpochSuperseded")]
    public void Seal_OfTheEpochBefore_EpochSuperseded()
    {
        var ask = _world.Ask();
        var answer = _world.Answer();
        _world.Us1.Next(_world.Now - 5000);
        var state = Extend(_world.State, _world.Us1);

        var late = answer with { Hops = [answer.Hops[0], answer.Hops[1] with { Epochs = [] }] };
        Answers.Refused(EpochSuperseded, AnswerVerifier.Verify(state, ask.Query, late, _world.Now));
    }

    [Fact]
    [MaliciousInput(36, "seal naming unknown epoch: EpochUnknown")]
    public void Seal_OfAnUnknownEpoch_EpochUnknown()
    {
        _world.Us1.SealAt(_world.Now - 500, seal => seal with { Epoch = 2 });
        Refused(EpochUnknown, _world.Answer());
    }

    [Fact]
    [MaliciousInput(37, "lower seq: SealRollback")]
    public void Seal_LowerSeq_SealRollback()
    {
        var old = _world.Answer();
        _world.Us1.SealAt(_world.Now - 500);
        var state = Answers.Accepted(Verify(_world.State, _world.Answer())).Next;

        Answers.Refused(SealRollback, Verify(state, old));
    }

    [Fact]
    [MaliciousInput(38, "same seq, other certified root: SealEquivocation")]
    public void Seal_SameSeqOtherRoot_SealEquivocation()
    {
        var state = Answers.Accepted(Verify(_world.State, _world.Answer())).Next;
        _world.Us1.Seq--;
        _world.Us1.Put(AnswerLeaves.RecordOf("cart.shop.svc", _world.Now, _world.Us1.Publisher))
            .SealAt(_world.Now - 500);

        Answers.Refused(SealEquivocation, Verify(state, _world.Answer()));
    }

    [Fact]
    public void IntroducingSeal_SameSeqOtherRoot_SealEquivocation()
    {
        var state = Answers.Accepted(Verify(_world.State, _world.Answer())).Next;
        _world.Eu1.Seq--;
        _world.Eu1.Put(AnswerLeaves.RecordOf("cart.shop.svc", _world.Now, _world.Us1.Publisher))
            .SealAt(_world.Now - 500);

        Answers.Refused(SealEquivocation, Verify(state, _world.Answer()));
    }

    [Fact]
    [MaliciousInput(40, "target's seal expired: SealExpired")]
    public void Seal_OfTargetExpired_SealExpired()
    {
        _world.Us1.SealAt(_world.Now - 15_000);
        Refused(SealExpired, _world.Answer());
    }

    [Fact]
    public void Seal_ExpiresExactlyAtTheTolerance_SealExpired()
    {
        // V19: now + delta < expires; the demo's V is 15 s, and before any home epoch is held delta is 5 s.
        _world.Us1.SealAt(_world.Now - 10_000);
        Refused(SealExpired, _world.Answer());

        _world.Us1.SealAt(_world.Now - 9_999);
        Answers.Accepted(Verify(_world.State, _world.Answer()));
    }

    [Fact]
    [MaliciousInput(41, "seal valid 10 min (policy 60 s): SealValidityTooLong")]
    public void Seal_ValidForTenMinutes_SealValidityTooLong()
    {
        _world.Us1.SealAt(_world.Now - 500, seal => seal with { Expires = seal.Issued + 600_000 });
        Refused(SealValidityTooLong, _world.Answer());
    }

    [Fact]
    public void Seal_FromTheFuture_FromFuture()
    {
        _world.Us1.SealAt(_world.Now + 6000);
        Refused(FromFuture, _world.Answer());
    }

    [Fact]
    [MaliciousInput(90, "valid object under another genesis: WrongSegment")]
    public void Seal_OfAnotherSegment_WrongSegment() => Refused(WrongSegment, Target(_ => _world.Eu1.SealEnvelope));

    [Fact]
    [MaliciousInput(93, "right epoch number, other epoch_digest: EpochDigestMismatch")]
    public void Seal_OtherEpochDigest_EpochDigestMismatch()
    {
        _world.Us1.SealAt(_world.Now - 500, seal => seal with { EpochDigest = Digest.Sha256("another"u8) });
        Refused(EpochDigestMismatch, _world.Answer());
    }

    [Fact]
    [MaliciousInput(110, "introducing seal 25 h old: IntroductionExpired")]
    public void IntroducingSeal_TooOld_IntroductionExpired()
    {
        _world.Eu1.SealAt(_world.Now - (25 * Limits.Hour));
        Refused(IntroductionExpired, _world.Answer());
    }

    [Fact]
    public void IntroducingSeal_Expired_IsStillGood()
    {
        _world.Eu1.SealAt(_world.Now - (23 * Limits.Hour));
        Answers.Accepted(Verify(_world.State, _world.Answer()));
    }

    /// <summary>I24: V15 is about what answers. A transit that introduced before may have as many epochs since as it
    /// likes, and the relay need not show them again; the document that its seal stands under it must.</summary>
    [Fact]
    public void IntroducingSeal_UnderAnEpochFarBelowTheNewestThatIsHeld_IsStillGood()
    {
        var world = new TreeWorld();
        var introduced = world.ToUs1().Record();
        for (var i = 0; i <= SegmentState.MaxDocuments; i++)
        {
            world.Acme.Next(world.Now - 900 + (i * 10));
        }

        world.Acme.SealAt(world.Now - 500);
        var ask = world.ToUs1();
        var later = ask.Record();
        var held = Answers.Accepted(AnswerVerifier.Verify(
            VerifierState.Start(new HomePin(world.Eu1.Genesis, world.Eu1.Name)), ask.Query, later, world.Now)).Next;
        Assert.Null(held.Segments[world.Acme.Genesis].EpochOf(0));

        var old = introduced.Hops[1] with { Epochs = [world.Acme.Documents[0]] };
        Answers.Accepted(AnswerVerifier.Verify(held, ask.Query, With(old), world.Now));
        Answers.Refused(
            EpochUnknown, AnswerVerifier.Verify(held, ask.Query, With(old with { Epochs = [] }), world.Now));

        UnverifiedAnswer With(UnverifiedHop hop) => later with { Hops = later.Hops.SetItem(1, hop) };
    }

    [Fact]
    [MaliciousInput(126, "handover offered as seal: NonCanonicalPayload")]
    public void Handover_OfferedAsSeal_NonCanonicalPayload()
    {
        var seal = _world.Us1.Seal.Value;
        var handover = Document.Make(new Handover
        {
            Count = seal.Count,
            Epoch = seal.Epoch,
            Issued = seal.Issued,
            Next = Digest.Sha256("next"u8),
            Root = seal.Root,
            Segment = seal.Segment,
            Seq = seal.Seq,
        });
        Refused(
            NonCanonicalPayload,
            Target(_ => Envelope.Sign(handover, _world.Us1.Anchors.Take(3).Select(anchor => anchor.Seal))));
    }

    private static VerifierState Extend(VerifierState state, AnswerSegment segment)
    {
        var verdict = EpochChain.Extend(null, segment.Genesis, null, [.. segment.Documents], PeerWorld.Start);
        Assert.True(verdict.IsAccepted, verdict.Refusal?.ToString());
        return state.With(verdict.Segment!);
    }

    private UnverifiedAnswer Target(Func<Envelope, Envelope> change)
    {
        var answer = _world.Answer();
        return answer with { Hops = [answer.Hops[0], answer.Hops[1] with { Seal = change(answer.Hops[1].Seal!) }] };
    }

    private Verdict Verify(VerifierState state, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(state, _world.Ask().Query, answer, _world.Now);

    private void Refused(VerificationFailure failure, UnverifiedAnswer answer) =>
        Answers.Refused(failure, Verify(_world.State, answer));
}
