using System.Collections.Immutable;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Chains of epochs that are short, forked, of others, or certified by nobody who may.</summary>
public sealed class EpochAttackTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    [MaliciousInput(22, "genesis with other digest: GenesisMismatch")]
    public void Chain_OtherGenesis_GenesisMismatch()
    {
        var other = AnswerSegment.Create("us1.internal", _world.Now - 60_000);
        Extended(GenesisMismatch, _world.Us1.Genesis, other.Documents[0]);
    }

    [Fact]
    public void Chain_GenesisWithoutAConsent_GenesisMismatch()
    {
        var first = _world.Us1.Documents[0];
        var fewer = first with { Consent = first.Consent with { Signatures = first.Consent.Signatures[1..] } };
        Extended(GenesisMismatch, _world.Us1.Genesis, fewer);
    }

    [Fact]
    [MaliciousInput(23, "N+2 after N: EpochGap")]
    public void Chain_LeavesOneOut_EpochGap()
    {
        _world.Us1.Next(_world.Now - 5000);
        Extended(EpochGap, _world.Us1.Genesis, _world.Us1.Documents[0], _world.Us1.Documents[2]);
        Extended(EpochGap, _world.Us1.Genesis, _world.Us1.Documents[1]);
    }

    [Fact]
    [MaliciousInput(24, "right number, wrong prev: PrevMismatch")]
    public void Epoch_WrongPrev_PrevMismatch() =>
        Next(PrevMismatch, epoch => epoch with { Prev = Digest.Sha256("another"u8) });

    [Fact]
    [MaliciousInput(25, "epoch of a sibling segment: WrongSegment")]
    public void Epoch_OfASibling_WrongSegment() =>
        Next(WrongSegment, epoch => epoch with { Segment = _world.Eu1.Genesis });

    [Fact]
    [MaliciousInput(19, "epoch vote signed by a seal key: WrongKeyRole")]
    public void Vote_BySealKeys_WrongKeyRole() => Voted(
        WrongKeyRole, epoch => Vote(epoch, _world.Us1.Anchors.Take(3).Select(anchor => anchor.Seal)));

    [Fact]
    [MaliciousInput(20, "signatures of two rounds in one certificate: BadSignature")]
    public void Vote_OfTwoRounds_BadSignature() => Voted(BadSignature, epoch =>
    {
        var keys = _world.Us1.Anchors.Take(3).Select(anchor => anchor.Gov).OrderBy(key => key.Key.Kid).ToList();
        var first = Vote(epoch, keys);
        var second = AnswerEpochs.Vote(_world.Us1.Genesis, epoch, keys, round: 1);
        return first with { Signatures = first.Signatures.SetItem(2, second.Signatures[2]) };
    });

    [Fact]
    [MaliciousInput(21, "T PREPARE signatures as certificate: WrongPhase")]
    public void Vote_Prepare_WrongPhase() => Voted(WrongPhase, epoch => AnswerEpochs.Vote(
        _world.Us1.Genesis, epoch, _world.Us1.Anchors.Take(3).Select(anchor => anchor.Gov), VotePhase.Prepare));

    [Fact]
    [MaliciousInput(26, "new set without its consents: NewSetNotConsenting")]
    public void NewSet_WithoutItsConsents_NewSetNotConsenting()
    {
        var fresh = AnchorKeys.Create("us1-d");
        Next(
            NewSetNotConsenting,
            epoch => epoch with { Anchors = AnswerEpochs.AnchorsOf(_world.Us1.Anchors.SetItem(3, fresh)) });
    }

    [Fact]
    [MaliciousInput(27, "signed only by the new set: ThresholdNotMet")]
    public void NewSet_SignsForItself_ThresholdNotMet()
    {
        var fresh = Enumerable.Range(0, 4).Select(i => AnchorKeys.Create($"us1-{(char)('a' + i)}")).ToImmutableArray();
        var epoch = Document.Make(
            AnswerEpochs.Next(_world.Us1, _world.Now - 5000) with { Anchors = AnswerEpochs.AnchorsOf(fresh) });
        var document = new EpochDocument(
            epoch.Payload,
            Vote(epoch, fresh.Take(3).Select(anchor => anchor.Gov)),
            AnswerEpochs.Consent(
                _world.Us1.Genesis, epoch, fresh.SelectMany<AnchorKeys, ISigner>(anchor => [anchor.Gov, anchor.Seal])),
            Envelope.None);
        Extended(ThresholdNotMet, _world.Us1.Genesis, [.. _world.Us1.Documents, document]);
    }

    [Fact]
    [MaliciousInput(31, "newest epoch expired: EpochExpired")]
    public void Chain_NewestExpired_EpochExpired()
    {
        var ask = _world.Ask();
        Answers.Refused(
            EpochExpired,
            AnswerVerifier.Verify(_world.State, ask.Query, _world.Answer(), _world.Now + (8 * Limits.Day)));
    }

    /// <summary>V12 asks the newest epoch of each segment, not the home's alone, and no older one.</summary>
    [Fact]
    public void Chain_OnlyTheNewestEpochsExpiryCounts()
    {
        _world.Us1.Next(_world.Now - 20_000, epoch => epoch with { Expires = _world.Now - 5000 })
            .SealAt(_world.Now - 500);
        var refusal = Answers.Refused(
            EpochExpired,
            AnswerVerifier.Verify(_world.State, _world.Ask().Query, _world.Answer(), _world.Now));
        Assert.StartsWith("hops[1]", refusal.Where, StringComparison.Ordinal);

        _world.Us1.Next(_world.Now - 10_000, epoch => epoch with { Expires = _world.Now + Limits.Day })
            .SealAt(_world.Now - 500);
        Answers.Accepted(AnswerVerifier.Verify(_world.State, _world.Ask().Query, _world.Answer(), _world.Now));
    }

    [Fact]
    [MaliciousInput(32, "issued an hour ahead: FromFuture")]
    public void Epoch_AnHourAhead_FromFuture() =>
        Next(FromFuture, epoch => epoch with { Issued = _world.Now + Limits.Hour });

    [Fact]
    [MaliciousInput(97, "issued before the predecessor's: TimeRegression")]
    public void Epoch_IssuedBeforeItsPredecessor_TimeRegression() =>
        Next(TimeRegression, epoch => epoch with { Issued = _world.Now - 55_000 });

    [Fact]
    [MaliciousInput(33, "second certified N+1: EpochEquivocation")]
    public void Epoch_SecondCertified_EpochEquivocation()
    {
        var ask = _world.Ask();
        var state = Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, _world.Answer(), _world.Now)).Next;
        var second = Certified(
            epoch => epoch with { Number = 1, Prev = _world.Us1.Epochs[0].Digest, Issued = _world.Now - 40_000 });
        ask.Epochs = (hop, segment) => hop == 1 ? [_world.Us1.Documents[0], second] : segment.Documents;

        Answers.Refused(EpochEquivocation, AnswerVerifier.Verify(
            state, ask.Query, ask.Record(_world.East, _world.West), _world.Now));
    }

    [Fact]
    [MaliciousInput(34, "chain ending below stored: EpochRollback")]
    public void Chain_EndsBelowStored_EpochRollback()
    {
        var ask = _world.Ask();
        var state = Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, _world.Answer(), _world.Now)).Next;
        ask.Epochs = (hop, segment) => hop == 1 ? [_world.Us1.Documents[0]] : segment.Documents;

        Answers.Refused(
            EpochRollback, AnswerVerifier.Verify(state, ask.Query, ask.Record(_world.East, _world.West), _world.Now));
    }

    [Fact]
    [MaliciousInput(89, "epoch tagged crash, home refuses it: AssuranceTooLow")]
    public void Epoch_TaggedCrashThatHomeRefuses_AssuranceTooLow()
    {
        var world = new PeerWorld();
        var weak = AnswerSegment.Create("us1.internal", world.Now - 60_000, faults: 0, change: epoch => epoch with
        {
            Peers = [world.Eu1.Genesis],
        });
        weak.Put(world.Record).SealAt(world.Now - 500);
        world.Eu1.Next(world.Now - 5000, epoch => epoch with
        {
            Peers = [weak.Genesis],
            Policy = epoch.Policy with { Refuse = ["crash"] },
        });
        world.Eu1.Put(AnswerLeaves.PeerOf(weak)).SealAt(world.Now - 500);
        var ask = new TestAnswers(world.Eu1, $"{PeerWorld.Checkout}.us1.internal", world.Now).Via(weak, HopKind.Peer);

        Answers.Refused(AssuranceTooLow, AnswerVerifier.Verify(
            world.State, ask.Query, ask.Record(world.East, world.West), world.Now));
    }

    /// <summary>What a home refuses from now on it refuses of segments that it has known for long, too.</summary>
    [Fact]
    public void Tag_RefusedByANewHomeEpoch_HoldsForAChainThatIsHeld()
    {
        var world = new PeerWorld();
        var weak = AnswerSegment.Create("us1.internal", world.Now - 60_000, faults: 0, change: epoch => epoch with
        {
            Peers = [world.Eu1.Genesis],
        });
        weak.Put(world.Record).SealAt(world.Now - 500);
        world.Eu1.Next(world.Now - 5000, epoch => epoch with { Peers = [weak.Genesis] });
        world.Eu1.Put(AnswerLeaves.PeerOf(weak)).SealAt(world.Now - 500);
        var ask = new TestAnswers(world.Eu1, $"{PeerWorld.Checkout}.us1.internal", world.Now).Via(weak, HopKind.Peer);
        var known = Answers.Accepted(AnswerVerifier.Verify(
            world.State, ask.Query, ask.Record(world.East, world.West), world.Now)).Next;

        world.Eu1.Next(world.Now - 4000, epoch => epoch with
        {
            Policy = epoch.Policy with { Refuse = ["crash"] },
        }).SealAt(world.Now - 400);
        ask = new TestAnswers(world.Eu1, $"{PeerWorld.Checkout}.us1.internal", world.Now).Via(weak, HopKind.Peer);
        ask.Epochs = (hop, segment) => hop == 1 ? [] : segment.Documents;
        Answers.Refused(AssuranceTooLow, AnswerVerifier.Verify(
            known, ask.Query, ask.Record(world.East, world.West), world.Now));
    }

    /// <summary>The home refuses a tag of any hop, also of one that only introduces, whether its chain comes with the
    /// answer or was held before.</summary>
    [Fact]
    public void Transit_TaggedCrashThatHomeRefuses_AssuranceTooLow()
    {
        var world = new TreeWorld(faults: 0);
        var known = Answers.Accepted(Verify(world.ToUs1())).Next;
        world.Eu1.Next(world.Now - 5000, epoch => epoch with
        {
            Policy = epoch.Policy with { Refuse = [AssuranceTags.Crash] },
        }).SealAt(world.Now - 500);
        var ask = world.ToUs1();
        Answers.Refused(AssuranceTooLow, Verify(ask));

        ask.Epochs = (hop, segment) => hop == 1 ? [] : segment.Documents;
        Answers.Refused(AssuranceTooLow, Verify(ask, known));

        // Another tag is no reason to refuse it.
        world.Eu1.Next(world.Now - 400, epoch => epoch with
        {
            Policy = epoch.Policy with { Refuse = [AssuranceTags.SingleAdmin] },
        }).SealAt(world.Now - 300);
        Answers.Accepted(Verify(ask, known));

        Verdict Verify(TestAnswers asked, VerifierState? state = null) =>
            AnswerVerifier.Verify(state ?? asked.State, asked.Query, asked.Record(), world.Now);
    }

    /// <summary>V10: T gov keys of the epoch before are no certificate without those that its gov_groups ask
    /// for.</summary>
    [Fact]
    public void Epoch_WithoutARequiredGroupOfGovKeys_GroupNotMet()
    {
        var world = new PeerWorld();
        var grouped = AnswerSegment.Create("us1.internal", world.Now - 60_000, change: epoch => epoch with
        {
            Anchors = [.. epoch.Anchors.Select((anchor, i) => anchor with { Group = i < 3 ? "in" : "out" })],
            Peers = [world.Eu1.Genesis],
            Quorum = epoch.Quorum with { GovGroups = [new GroupMinimum { Group = "out", Min = 1 }] },
        });
        grouped.Next(world.Now - 5000).Put(world.Record).SealAt(world.Now - 500);
        world.Eu1.Next(world.Now - 5000, epoch => epoch with { Peers = [grouped.Genesis] });
        world.Eu1.Put(AnswerLeaves.PeerOf(grouped)).SealAt(world.Now - 500);
        Answers.Refused(GroupNotMet, VerifyBy(0, 1, 2));
        Answers.Accepted(VerifyBy(0, 1, 3));

        Verdict VerifyBy(params int[] voters)
        {
            var vote = AnswerEpochs.Vote(
                grouped.Genesis, grouped.Newest, voters.Select(i => grouped.Anchors[i].Gov));
            var ask = new TestAnswers(world.Eu1, $"{PeerWorld.Checkout}.us1.internal", world.Now)
                .Via(grouped, HopKind.Peer);
            ask.Epochs = (hop, segment) => hop == 1
                ? [segment.Documents[0], segment.Documents[1] with { Vote = vote }]
                : segment.Documents;
            return AnswerVerifier.Verify(world.State, ask.Query, ask.Record(world.East, world.West), world.Now);
        }
    }

    [Fact]
    [MaliciousInput(70, "257 verifications, 33 epochs: BudgetExceeded")]
    public void Answer_With33NewEpochs_BudgetExceeded()
    {
        for (var i = 0; i < 31; i++)
        {
            _world.Us1.Next(_world.Now - 5000);
        }

        _world.Us1.SealAt(_world.Now - 500);
        Answers.Refused(
            BudgetExceeded, AnswerVerifier.Verify(_world.State, _world.Ask().Query, _world.Answer(), _world.Now));
    }

    [Fact]
    [MaliciousInput(70, "257 verifications, 33 epochs: BudgetExceeded")]
    public void Answer_With257SignatureChecks_BudgetExceeded()
    {
        var world = new PeerWorld();
        var large = AnswerSegment.Create(
            "us1.internal", world.Now - 60_000, anchors: 16, faults: 5, change: epoch => epoch with
        {
            Peers = [world.Eu1.Genesis],
        });
        for (var i = 0; i < 21; i++)
        {
            large.Next(world.Now - 5000);
        }

        large.Put(world.Record).SealAt(world.Now - 500);
        world.Eu1.Put(AnswerLeaves.PeerOf(large)).SealAt(world.Now - 500);
        var ask = new TestAnswers(world.Eu1, $"{PeerWorld.Checkout}.us1.internal", world.Now).Via(large, HopKind.Peer);

        Answers.Refused(BudgetExceeded, AnswerVerifier.Verify(
            world.State, ask.Query, ask.Record(world.East, world.West), world.Now));
    }

    [Fact]
    [MaliciousInput(105, "min_verifier 2: VerifierTooOld")]
    public void Epoch_ForALaterVerifier_VerifierTooOld() =>
        Next(VerifierTooOld, epoch => epoch with { MinVerifier = 2 });

    [Fact]
    [MaliciousInput(104, "unknown crit: CriticalExtension")]
    public void Epoch_UnknownCrit_CriticalExtension() => Next(CriticalExtension, epoch => epoch with
    {
        Crit = ["colour"],
        Ext = ImmutableSortedDictionary<string, string>.Empty.Add("colour", "red"),
    });

    [Fact]
    [MaliciousInput(1, "65 KiB envelope: TooLarge")]
    public void Envelope_Of65KiB_TooLarge()
    {
        var answer = _world.Answer();
        var big = _world.Us1.SealEnvelope with { Payload = new byte[65 * 1024] };
        var lie = answer with { Hops = answer.Hops.SetItem(1, answer.Hops[1] with { Seal = big }) };
        Answers.Refused(TooLarge, AnswerVerifier.Verify(_world.State, _world.Ask().Query, lie, _world.Now));
    }

    [Fact]
    public void Page_Of33Epochs_TooLarge() =>
        Extended(TooLarge, _world.Us1.Genesis, [.. Enumerable.Repeat(_world.Us1.Documents[0], 33)]);

    [Fact]
    public void Chain_OfManyPages_IsHeldWithoutItsDocuments()
    {
        for (var i = 0; i < 98; i++)
        {
            _world.Us1.Next(_world.Now - 5000);
        }

        SegmentState? held = null;
        foreach (var page in _world.Us1.Documents.Chunk(Limits.PageEpochs))
        {
            held = EpochChain.Extend(held, _world.Us1.Genesis, null, [.. page], _world.Now).Segment;
        }

        Assert.Equal(99, held!.NewestNumber);
        Assert.Equal(100, held.Chain.Length);
        Assert.Equal(SegmentState.MaxDocuments, held.Epochs.Length);
        Assert.Null(EpochChain.CheckNewest(held, new Floor(_world.Us1.Epochs[3].Digest, 3), _world.Now));
        Assert.Equal(
            FloorMismatch, EpochChain.CheckNewest(held, new Floor(_world.Us1.Genesis, 3), _world.Now)!.Failure);
        Assert.Equal(
            BelowLinkFloor, EpochChain.CheckNewest(held, new Floor(_world.Us1.Genesis, 100), _world.Now)!.Failure);
    }

    [Fact]
    public void Chain_FromABootstrapFloor_StartsThere()
    {
        var floor = new Floor(_world.Us1.Epochs[1].Digest, 1);
        var verdict = EpochChain.Extend(null, _world.Us1.Genesis, floor, [_world.Us1.Documents[1]], _world.Now);
        Assert.Equal(1, verdict.Segment!.First);

        var wrong = new Floor(Digest.Sha256("another"u8), 1);
        Assert.Equal(FloorMismatch, EpochChain.Extend(
            null, _world.Us1.Genesis, wrong, [_world.Us1.Documents[1]], _world.Now).Refusal!.Failure);
        Assert.Equal(FloorMismatch, EpochChain.Extend(
            null, _world.Us1.Genesis, wrong, [.. _world.Us1.Documents], _world.Now).Refusal!.Failure);
    }

    [Fact]
    [MaliciousInput(136, "TLS key not in the verified epoch: TransportKeyMismatch")]
    public void ServerKey_NotInTheNewestEpoch_TransportKeyMismatch()
    {
        var held = EpochChain.Extend(null, _world.Us1.Genesis, null, [.. _world.Us1.Documents], _world.Now).Segment!;
        Assert.Null(EpochChain.CheckTransport(held, _world.Us1.Anchors[1].Tls.Key));
        Assert.Equal(TransportKeyMismatch, EpochChain.CheckTransport(held, AnchorKeys.NewKey().Key)!.Failure);
        Assert.Equal(TransportKeyMismatch, EpochChain.CheckTransport(held, _world.Us1.Anchors[1].Seal.Key)!.Failure);
    }

    private Envelope Vote(Parsed<Epoch> epoch, IEnumerable<ISigner> keys) =>
        AnswerEpochs.Vote(_world.Us1.Genesis, epoch, keys);

    private EpochDocument Certified(Func<Epoch, Epoch> change) =>
        AnswerEpochs.Certify(_world.Us1, Document.Make(change(AnswerEpochs.Next(_world.Us1, _world.Now - 5000))));

    private void Next(VerificationFailure failure, Func<Epoch, Epoch> change) =>
        Extended(failure, _world.Us1.Genesis, [.. _world.Us1.Documents, Certified(change)]);

    private void Voted(VerificationFailure failure, Func<Parsed<Epoch>, Envelope> vote)
    {
        var epoch = Document.Make(AnswerEpochs.Next(_world.Us1, _world.Now - 5000));
        var document = new EpochDocument(epoch.Payload, vote(epoch), Envelope.None, Envelope.None);
        Extended(failure, _world.Us1.Genesis, [.. _world.Us1.Documents, document]);
    }

    private void Extended(VerificationFailure failure, Digest genesis, params EpochDocument[] page)
    {
        var refusal = EpochChain.Extend(null, genesis, null, [.. page], _world.Now).Refusal;
        Assert.True(refusal?.Failure == failure, $"expected {failure}, was {refusal}");
    }
}
