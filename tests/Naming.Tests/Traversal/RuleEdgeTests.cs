using System.Collections.Immutable;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Conditions of rules that no numbered input asks, each with the neighbour that is still good.</summary>
public sealed class RuleEdgeTests
{
    private const string Net = "net-1";

    private readonly PeerWorld _world = new();

    [Fact]
    public void V1_PartsAndTheirSum_TooLarge()
    {
        var answer = _world.Answer();
        var leaf = answer.Hops[1].Proofs[0] with { Leaf = new byte[60 * 1024] };
        Refused(TooLarge, Target(answer, hop => hop with { Proofs = [.. Enumerable.Repeat(leaf, 5)] }));
        Refused(TooLarge, Target(answer, hop => hop with { Proofs = [leaf with { Leaf = new byte[65 * 1024] }] }));
        Refused(TooLarge, answer with { Slices = [new byte[65 * 1024]] });
        Refused(TooLarge, Target(answer, hop => hop with { Nodes = [.. new Digest[1025]] }));
    }

    [Fact]
    public void V3_AttestOfAnotherSegment_WrongSegment()
    {
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == 1 ? attest with { Segment = _world.Eu1.Genesis } : attest;
        Refused(WrongSegment, ask.Record(_world.East, _world.West));
    }

    [Fact]
    public void V4_CredentialUnderAnotherKeysId_KeyIdMismatch()
    {
        var credential = new Credential
        {
            Expires = _world.Now + Limits.Day,
            Key = AnchorKeys.NewKey().Key,
            Made = 1,
            MaxTtl = 1,
            Names = [NamePattern.Parse("*.svc")],
            Opening = AnswerLeaves.Opening("credential"),
            Types = [PublishedType.Record],
        };
        var other = AnchorKeys.NewKey().Key.Kid.ToString();
        _world.Us1.PutAs(LeafClass.Credential, other, credential).SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.Extra.Add((1, LeafClass.Credential, other));
        Refused(KeyIdMismatch, ask.Record(_world.East, _world.West));
    }

    [Fact]
    public void V6_ThirtyThreeConsents_TooManySignatures()
    {
        var first = _world.Us1.Documents[0];
        var many = Enumerable.Range(0, 33)
            .Select(i => new SignatureEntry(Digest.Sha256([(byte)i]), new byte[64])).OrderBy(entry => entry.Kid);
        Chain(TooManySignatures, null, first with { Consent = first.Consent with { Signatures = [.. many] } });
    }

    [Fact]
    public void V10_VoteAndConsentForAnotherNumber_CountForNothing()
    {
        var epoch = Document.Make(AnswerEpochs.Next(_world.Us1, _world.Now - 5000));
        var vote = Document.Make(new Vote
        {
            Digest = epoch.Digest, Epoch = 7, Phase = VotePhase.Commit, Round = 0, Segment = _world.Us1.Genesis,
        });
        var envelope = Envelope.Sign(vote, _world.Us1.Anchors.Take(3).Select(anchor => anchor.Gov));
        var document = new EpochDocument(epoch.Payload, envelope, Envelope.None, Envelope.None);
        Chain(ThresholdNotMet, null, [.. _world.Us1.Documents, document]);

        var first = _world.Us1.Epochs[0];
        var consent = Document.Make(new Consent { Digest = first.Digest, Epoch = 1, Segment = first.Digest });
        var keys = _world.Us1.Anchors.SelectMany<AnchorKeys, ISigner>(anchor => [anchor.Gov, anchor.Seal]);
        Chain(GenesisMismatch, null, _world.Us1.Documents[0] with { Consent = Envelope.Sign(consent, keys) });
    }

    [Fact]
    public void V11_EpochTrustedByItsDigest_IsHeldToItAsWell()
    {
        _world.Us1.Next(_world.Now - 5000, epoch => epoch with { Quorum = epoch.Quorum with { TSeal = 2 } });
        var newest = _world.Us1.Newest;
        Chain(BadQuorumParams, new Floor(newest.Digest, newest.Value.Number), _world.Us1.Documents[^1]);
    }

    [Fact]
    public void V13_FromTheFuture_BeginsBeyondTheTolerance()
    {
        EpochDocument At(long issued) => AnswerEpochs.Certify(
            _world.Us1, Document.Make(AnswerEpochs.Next(_world.Us1, issued)));

        Chain(null, null, [.. _world.Us1.Documents, At(_world.Now + Limits.DefaultClockDelta)]);
        Chain(FromFuture, null, [.. _world.Us1.Documents, At(_world.Now + Limits.DefaultClockDelta + 1)]);
    }

    [Fact]
    public void V16_SealUnderAnEpochBeforeTheFirstHeld_EpochUnknown()
    {
        var tree = new TreeWorld();
        tree.Acme.Next(tree.Now - 40_000);
        tree.Acme.SealAt(
            tree.Now - 500, seal => seal with { Epoch = 0, EpochDigest = tree.Acme.Epochs[0].Digest });
        var ask = tree.ToUs1();
        ask.Epochs = (hop, segment) => hop == 1 ? [segment.Documents[1]] : segment.Documents;
        var floor = new Floor(tree.Acme.Newest.Digest, 1);
        var state = VerifierState.Start(
            ask.State.Home, [KeyValuePair.Create(tree.Acme.Name, new Pin(tree.Acme.Genesis, null, floor))]);

        Answers.Refused(EpochUnknown, AnswerVerifier.Verify(state, ask.Query, ask.Record(), tree.Now));
    }

    /// <summary>The floor rises with every seal that is accepted, not with the first alone.</summary>
    [Fact]
    public void V18_SealBetweenTwoThatWereAccepted_SealRollback()
    {
        var state = Answers.Accepted(Verify(_world.Answer())).Next;
        _world.Us1.SealAt(_world.Now - 800);
        var between = _world.Answer();
        _world.Us1.SealAt(_world.Now - 500);
        var next = AnswerVerifier.Verify(state, _world.Ask().Query, _world.Answer(), _world.Now);
        state = Answers.Accepted(next).Next;
        Answers.Refused(SealRollback, AnswerVerifier.Verify(state, _world.Ask().Query, between, _world.Now));
    }

    [Fact]
    public void V19_SealThatOutlivesItsEpoch_SealValidityTooLong()
    {
        _world.Us1.Next(_world.Now - 5000, epoch => epoch with { Expires = _world.Now + 10_000 });
        _world.Us1.SealAt(_world.Now - 500, seal => seal with { Expires = _world.Now + 10_001 });
        Refused(SealValidityTooLong, _world.Answer());
        _world.Us1.SealAt(_world.Now - 400, seal => seal with { Expires = _world.Now + 10_000 });
        Answers.Accepted(Verify(_world.Answer()));
    }

    [Fact]
    public void V24_ClusterSetName_NeedsTheSetsAbsence()
    {
        var ask = new TestAnswers(_world.Eu1, "cart.shop.svc.clusterset.local", _world.Now);
        var verdict = AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(), _world.Now);
        Assert.Equal(Outcome.Absent, Answers.Accepted(verdict).Answer.Outcome);
        ask.Withheld.Add((0, LeafClass.Set, "cart.shop.svc"));
        Answers.Refused(
            IncompleteDenial, AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(), _world.Now));
    }

    [Fact]
    public void V26_EqualVersion_FallsBelowByItsDigest()
    {
        var pair = new[] { _world.Record, _world.Record with { TtlMax = 1 } }
            .OrderBy(AnswerLeaves.DigestOf).ToArray();
        var state = Seen(pair[1]);
        _world.Us1.Put(pair[0]).SealAt(_world.Now - 400);
        Answers.Refused(
            RecordRollback, AnswerVerifier.Verify(state, _world.Ask().Query, _world.Answer(), _world.Now));
        _world.Us1.Put(pair[1]).SealAt(_world.Now - 300);
        Answers.Accepted(AnswerVerifier.Verify(state, _world.Ask().Query, _world.Answer(), _world.Now));
    }

    [Fact]
    public void V26_UidOfADocumentThatIsOver_BindsNoLonger()
    {
        var state = Seen(_world.Record with { Expires = _world.Now + 6000 });
        var later = _world.Now + 7000;
        _world.Us1.Put(_world.Record with
        {
            Version = _world.Now, Uid = AnswerLeaves.Opening("another"), Expires = later + Limits.Hour,
        }).SealAt(later);
        _world.Eu1.SealAt(later);
        var ask = new TestAnswers(_world.Eu1, $"{PeerWorld.Checkout}.us1.internal", later)
            .Via(_world.Us1, HopKind.Peer);
        Answers.Accepted(AnswerVerifier.Verify(state, ask.Query, ask.Record(_world.East, _world.West), later));
    }

    /// <summary>A split's child answers under its parent's name, which stays bound to the parent.</summary>
    [Fact]
    public void V29_SplitsChild_IsNotWhatItsNameIsPinnedTo()
    {
        var state = Answers.Accepted(Verify(_world.Answer())).Next;
        var child = AnswerSegment.Create("shop.us1.internal", _world.Now - 60_000, change: epoch => epoch with
        {
            Uplinks = [AnswerLeaves.UplinkTo(_world.Us1, "shop")],
        });
        child.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now, child.Publisher)).SealAt(_world.Now - 500);
        _world.Us1.Remove(LeafClass.Record, PeerWorld.Checkout).Put(AnswerLeaves.LinkOf(child, "shop.svc"))
            .SealAt(_world.Now - 500);
        var ask = _world.Ask().Via(child, HopKind.Down);

        var next = Answers.Accepted(AnswerVerifier.Verify(state, ask.Query, ask.Record(), _world.Now)).Next;
        Assert.Equal(_world.Us1.Genesis, next.Pins[_world.Us1.Name].Genesis);
    }

    [Fact]
    public void V32_AwayFromANameUnderTheHop_PathBroken()
    {
        var tree = new TreeWorld();
        var up = tree.Ask("checkout.shop.svc.west.eu1.acme.internal").Via(tree.Acme, HopKind.Up);
        Answers.Refused(PathBroken, AnswerVerifier.Verify(up.State, up.Query, up.Negative(), tree.Now));

        _world.Eu1.Put(AnswerLeaves.PeerOf(_world.Us1) with { Name = SegmentName.Parse("west.eu1.internal") })
            .SealAt(_world.Now - 500);
        var peer = new TestAnswers(_world.Eu1, "checkout.shop.svc.west.eu1.internal", _world.Now)
            .Via(_world.Us1, HopKind.Peer);
        peer.Extra.Add((0, LeafClass.Peer, "west.eu1.internal"));
        Answers.Refused(PathBroken, AnswerVerifier.Verify(peer.State, peer.Query, peer.Denied(), _world.Now));
    }

    [Fact]
    public void V35_QueryOfAnotherHome_QueryMismatch()
    {
        var ask = _world.Ask();
        ask.Query = Document.Make(ask.Query.Value with { Home = _world.Us1.Genesis });
        var refusal = Answers.Refused(
            QueryMismatch,
            AnswerVerifier.Verify(_world.State, ask.Query, ask.Record(_world.East, _world.West), _world.Now));
        Assert.Equal("query", refusal.Where);
    }

    [Fact]
    public void V41_HeadOrSealOfAnotherSegmentOrEpoch_CountsForNothing()
    {
        var good = Offer(0, head => head, seal => seal);
        Assert.True(Heads(good, Offer(1, head => head, seal => seal)).IsAccepted);
        Lie(head => head with { Segment = _world.Us1.Genesis }, seal => seal);
        Lie(head => head, seal => seal with { Segment = _world.Us1.Genesis });
        Lie(head => head, seal => seal with { EpochDigest = Digest.Sha256("another"u8) });
        Lie(head => head with { Seq = head.Seq + 1 }, seal => seal);

        void Lie(Func<Head, Head> head, Func<Seal, Seal> seal) =>
            Assert.Equal(NoFreshHead, Heads(good, Offer(1, head, seal)).Refusal?.Failure);
    }

    [Fact]
    public void V48_GrantOfAHomeWhoseEpochIsOver_EpochExpired()
    {
        var key = AnchorKeys.NewKey().Key.Kid;
        var now = _world.Now + (8 * Limits.Day);
        var grant = Envelope.Sign(
            Document.Make(new Grant
            {
                Audience = _world.Us1.Genesis,
                Expires = now + 30_000,
                Home = _world.Eu1.Genesis,
                HomeEpoch = 1,
                Issued = now,
                Subject = new Subject { Account = "frontend", Namespace = "shop" },
                Tls = key,
            }),
            _world.Eu1.Anchors[0].Seal);
        var home = EpochChain.Extend(null, _world.Eu1.Genesis, null, [.. _world.Eu1.Documents], _world.Now).Segment!;
        var refusal = GrantCheck.Check(grant, home, null, _world.Us1.Genesis, key, null, now, 1000, out _);
        Assert.Equal(EpochExpired, refusal?.Failure);
    }

    [Fact]
    public void V51_SegmentsName_HasNoAnswer()
    {
        var query = Document.Make(_world.Ask().Query.Value with { Name = FullName.Parse("us1.internal") });
        var answer = _world.Answer() with { Query = query.Payload };
        Answers.Refused(BadName, AnswerVerifier.Verify(_world.State, query, answer, _world.Now));
    }

    [Fact]
    public void V53_EndpointBehindANetwork_IsReachedByAGatewayThatIsInScope()
    {
        Refused(AddressOutOfScope, Behind(null));
        Refused(AddressOutOfScope, Behind("127.0.0.1:15443"));
        Refused(AddressOutOfScope, Behind("169.254.169.254:80"));
        var accepted = Answers.Accepted(Verify(Behind("10.9.9.9:15443")));
        Assert.Equal(Net, Assert.Single(accepted.Answer.Gateways).Network);

        // A network that the Scope lists is reached directly, and then the endpoint's own address counts.
        var scope = AnswerLeaves.ScopeOf(_world.Us1.Genesis, "10.7.0.0/16");
        _world.Eu1.Put(scope with { Networks = [Net] }).SealAt(_world.Now - 300);
        Answers.Accepted(Verify(Behind(null)));
        _world.Eu1.Put(scope with { Networks = [Net], Cidrs = ["10.8.0.0/16"] }).SealAt(_world.Now - 200);
        Refused(AddressOutOfScope, Behind(null));
    }

    [Fact]
    public void V57_Introduction_EndsByTheIntroducersOwnTime()
    {
        var tree = new TreeWorld();
        tree.Acme.Next(tree.Now - 40_000, epoch => epoch with
        {
            Policy = epoch.Policy with { IntroductionMaxAge = Limits.Hour, AttestTransit = Limits.Hour },
        });
        tree.Acme.SealAt(tree.Now - Limits.Hour + 5001);
        var ask = tree.ToUs1();
        Answers.Accepted(AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now));
        tree.Acme.SealAt(tree.Now - Limits.Hour + 5000);
        Answers.Refused(
            IntroductionExpired, AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now));
    }

    [Fact]
    public void V59_PositiveForAHost_HasItInASlice()
    {
        var slice = _world.East with { Endpoints = [_world.East.Endpoints[0] with { Host = "checkout-0" }] };
        _world.Us1.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now, _world.Us1.Publisher, slice))
            .SealAt(_world.Now - 500);
        var there = _world.Ask($"checkout-0.{PeerWorld.Checkout}");
        Answers.Accepted(AnswerVerifier.Verify(_world.State, there.Query, there.Record(slice), _world.Now));
        var missing = _world.Ask($"checkout-1.{PeerWorld.Checkout}");
        Answers.Refused(
            SliceMismatch, AnswerVerifier.Verify(_world.State, missing.Query, missing.Record(slice), _world.Now));
    }

    private UnverifiedAnswer Behind(string? gateway)
    {
        var slice = AnswerLeaves.SliceOf(PeerWorld.Checkout, null, "10.7.0.1");
        slice = slice with { Endpoints = [slice.Endpoints[0] with { Network = Net }] };
        _world.Us1.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now, _world.Us1.Publisher, slice));
        var ask = _world.Ask();
        if (gateway is not null)
        {
            ask.Extra.Add((1, LeafClass.Gateway, Net));
            _world.Us1.Put(new Gateway
            {
                Addresses = [IpEndpoint.Parse(gateway)],
                Expires = _world.Now + Limits.Hour,
                Issued = _world.Now,
                Network = Net,
                Opening = AnswerLeaves.Opening(gateway),
                Publisher = _world.Us1.Publisher.Key.Kid,
                Version = _world.Now,
            });
        }

        _world.Us1.SealAt(_world.Now - 500);
        return ask.Record(slice);
    }

    private VerifierState Seen(Record record)
    {
        _world.Us1.Put(record).SealAt(_world.Now - 500);
        return Answers.Accepted(Verify(_world.Answer())).Next;
    }

    private OfferedHead Offer(int anchor, Func<Head, Head> changeHead, Func<Seal, Seal> changeSeal)
    {
        _world.Eu1.SealAt(_world.Now - 500, changeSeal);
        var seal = _world.Eu1.Seal;
        var head = Document.Make(changeHead(new Head
        {
            Epoch = seal.Value.Epoch,
            Nonce = AnswerLeaves.Opening("nonce"),
            Seal = seal.Digest,
            Segment = _world.Eu1.Genesis,
            Seq = seal.Value.Seq,
            Time = _world.Now,
        }));
        return new OfferedHead(Envelope.Sign(head, _world.Eu1.Anchors[anchor].Seal), _world.Eu1.SealEnvelope);
    }

    private HeadVerdict Heads(params OfferedHead[] heads)
    {
        var chain = EpochChain.Extend(null, _world.Eu1.Genesis, null, [.. _world.Eu1.Documents], _world.Now).Segment!;
        return HeadCheck.Check(_world.State.With(chain), AnswerLeaves.Opening("nonce"), [.. heads], _world.Now);
    }

    private void Chain(VerificationFailure? expected, Floor? start, params ImmutableArray<EpochDocument> page)
    {
        var refusal = EpochChain.Extend(null, _world.Us1.Genesis, start, page, _world.Now).Refusal;
        Assert.True(refusal?.Failure == expected, $"expected {expected}, was {refusal}");
    }

    private static UnverifiedAnswer Target(UnverifiedAnswer answer, Func<UnverifiedHop, UnverifiedHop> change) =>
        answer with { Hops = answer.Hops.SetItem(1, change(answer.Hops[1])) };

    private Verdict Verify(UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(_world.State, _world.Ask().Query, answer, _world.Now);

    private void Refused(VerificationFailure failure, UnverifiedAnswer answer) =>
        Answers.Refused(failure, Verify(answer));
}
