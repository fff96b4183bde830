using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

public sealed class AnswerVerifierTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    public void Record_OfPeer_IsAcceptedWithItsEvidence()
    {
        var answer = Accepted(_world.Ask(), _world.Answer()).Answer;

        Assert.Equal(Outcome.Record, answer.Outcome);
        Assert.Equal(["eu1.internal", "us1.internal"], answer.Hops.Select(hop => hop.Name.Text));
        Assert.Equal([HopKind.Home, HopKind.Peer], answer.Hops.Select(hop => hop.Kind));
        Assert.Equal([true, false], answer.Hops.Select(hop => hop.Introduces));
        Assert.Equal(_world.Record.Uid, answer.Record!.Uid);
        Assert.Equal(AnswerLeaves.DigestOf(_world.Record), answer.RecordDigest);
        Assert.Equal(["us-east", "us-west"], answer.Slices.Select(slice => slice.Region));
        Assert.Equal(_world.Us1.Seal.Digest, answer.Target.Seal!.Position.Digest);
        Assert.Equal(
            _world.Us1.Anchors.Take(3).OrderBy(anchor => anchor.Seal.Key.Kid).Select(anchor => anchor.Id),
            answer.Target.Seal.Signers);
        Assert.Equal("us1-a", Assert.Single(answer.Target.Attests).Anchor);
    }

    [Fact]
    public void Record_OfTheHomeItself_NeedsOneHopAndNoScope()
    {
        var slice = AnswerLeaves.SliceOf("cart.shop.svc", null, "127.0.0.1");
        _world.Eu1.Put(AnswerLeaves.RecordOf("cart.shop.svc", _world.Now, _world.Eu1.Publisher, slice))
            .SealAt(_world.Now - 500);
        var ask = new TestAnswers(_world.Eu1, "cart.shop.svc.eu1.internal", _world.Now);

        Assert.Equal(HopKind.Home, Accepted(ask, ask.Record(slice)).Answer.Target.Kind);
    }

    [Fact]
    public void Record_UpAndDown_IsAccepted()
    {
        var tree = new TreeWorld();
        var ask = tree.ToUs1();

        var answer = Accepted(ask, ask.Record()).Answer;
        Assert.Equal(
            ["eu1.acme.internal", "acme.internal", "us1.acme.internal"], answer.Hops.Select(hop => hop.Name.Text));
    }

    [Fact]
    public void Record_BelowASplit_IsAcceptedUnderTheParentsName()
    {
        var child = AnswerSegment.Create("shop.us1.internal", _world.Now - 60_000, change: epoch => epoch with
        {
            Uplinks = [AnswerLeaves.UplinkTo(_world.Us1, "shop")],
        });
        child.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now, child.Publisher)).SealAt(_world.Now - 500);
        _world.Us1.Remove(LeafClass.Record, PeerWorld.Checkout).Put(AnswerLeaves.LinkOf(child, "shop.svc"))
            .SealAt(_world.Now - 500);
        var ask = _world.Ask().Via(child, HopKind.Down);

        var answer = Accepted(ask, ask.Record()).Answer;
        Assert.Equal("us1.internal", answer.Target.Name.Text);
        Assert.Equal(child.Genesis, answer.Target.Genesis);
        Answers.Refused(OccludedByLink, Verify(_world.Ask(), Occluding()));

        UnverifiedAnswer Occluding()
        {
            _world.Us1.Put(_world.Record).SealAt(_world.Now - 400);
            var lie = _world.Ask();
            lie.Extra.Add((1, LeafClass.Link, "shop.svc"));
            return lie.Record(_world.East, _world.West);
        }
    }

    [Fact]
    public void Negative_OfAnUnknownService_IsAbsent()
    {
        var ask = _world.Ask("missing.shop.svc");
        var answer = Accepted(ask, ask.Negative()).Answer;

        Assert.Equal(Outcome.Absent, answer.Outcome);
        Assert.Null(answer.Record);
        Assert.Equal("neg_ttl", answer.Ttl.Parts[0].Name);
    }

    [Fact]
    public void Denied_ByTheTarget_IsDeniedAndNotAbsent()
    {
        var ask = _world.Ask();
        var answer = Accepted(ask, ask.Denied()).Answer;

        Assert.Equal(Outcome.Denied, answer.Outcome);
        Assert.False(Assert.Single(answer.Target.Attests).Allowed);
        Assert.InRange(answer.Ttl.At(_world.Now).Remaining, 1, 10_000);
    }

    [Fact]
    public void Denied_ByTheHome_NeedsOneHop()
    {
        var ask = new TestAnswers(_world.Eu1, $"{PeerWorld.Checkout}.us1.internal", _world.Now);
        Assert.Equal(Outcome.Denied, Accepted(ask, ask.Denied()).Answer.Outcome);
    }

    [Fact]
    public void Answer_WithTheEpochsHeld_NeedsNone()
    {
        var ask = _world.Ask();
        var next = Accepted(ask, _world.Answer()).Next;
        ask.Epochs = (_, _) => [];
        _world.Us1.SealAt(_world.Now - 500);

        var again = Answers.Accepted(
            AnswerVerifier.Verify(next, ask.Query, ask.Record(_world.East, _world.West), _world.Now));
        Assert.Equal(1, again.Next.Segments[_world.Us1.Genesis].NewestNumber);
        Assert.Equal(2, again.Next.Segments[_world.Us1.Genesis].Seal!.Seq);
    }

    [Fact]
    public void Answer_VerifiedBefore_CostsNoSignatureChecks()
    {
        var cache = new VerifiedCache();
        Answers.Accepted(
            AnswerVerifier.Verify(_world.State, _world.Ask().Query, _world.Answer(), _world.Now, null, cache));
        var held = cache.Count;
        Answers.Accepted(
            AnswerVerifier.Verify(_world.State, _world.Ask().Query, _world.Answer(), _world.Now, null, cache));

        // Two geneses with 8 consents, two epochs with 3 votes, two seals with 3 signatures, and two attests; only the
        // attests are signed anew by the second answer.
        Assert.Equal((2 * 8) + (2 * 3) + (2 * 3) + 2, held);
        Assert.Equal(held + 2, cache.Count);
    }

    [Fact]
    public void Order_OfChecks_IsFixed()
    {
        // Each step breaks something that is checked earlier than all that is broken already.
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == 1 ? attest with { Expires = attest.Issued + 1 } : attest;
        _world.Eu1.Put(AnswerLeaves.ScopeOf(_world.Us1.Genesis, "192.0.2.0/24")).SealAt(_world.Now - 500);
        var seen = new List<VerificationFailure>();
        var answer = _world.Answer();
        Note(answer);
        Note(answer = ask.Record(_world.East, _world.West));
        Note(answer = Target(answer, hop => hop with { Nodes = hop.Nodes.Add(Digest.Sha256("x"u8)) }));
        _world.Us1.SealAt(_world.Now - 60_000);
        Note(answer = Target(answer, hop => hop with { Seal = _world.Us1.SealEnvelope }));
        Note(answer = Target(
            answer, hop => hop with { Seal = hop.Seal! with { Signatures = hop.Seal.Signatures[1..] } }));
        Note(answer = Target(answer, hop => hop with { Epochs = [hop.Epochs[0]] }));
        Note(answer = answer with { Hops = answer.Hops.SetItem(0, answer.Hops[0] with { Attests = [] }) });
        Note(answer = answer with { Hops = answer.Hops.SetItem(1, answer.Hops[1] with { Kind = HopKind.Home }) });
        Note(
            answer = answer with { Hops = answer.Hops.SetItem(1, answer.Hops[1] with { Seal = answer.Hops[0].Seal }) });
        Note(answer = Target(answer, hop => hop with { Seal = hop.Seal! with { Payload = new byte[65 * 1024] } }));
        Note(answer = answer with { Query = new byte[1] });

        Assert.Equal(
            [
                AddressOutOfScope, AttestationExpired, BadProof, ThresholdNotMet, LinkNotAccepted, AttestationMissing,
                PathBroken, WrongSegment, TooLarge, QueryMismatch,
            ],
            seen.Where(failure => failure != SealExpired));
        Assert.Contains(SealExpired, seen);

        void Note(UnverifiedAnswer lie) =>
            seen.Add(Assert.IsType<Verdict.Refused>(Verify(_world.Ask(), lie)).Refusal.Failure);
    }

    [Fact]
    public void Verify_RandomAnswers_NeverThrows()
    {
        const int Seed = 42;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var honest = _world.Answer();
        for (var i = 0; i < 2000; i++)
        {
            var lie = AnswerMutations.Mutate(honest, random);
            if (Verify(_world.Ask(), lie) is Verdict.Accepted accepted)
            {
                Assert.Equal(AnswerLeaves.DigestOf(_world.Record), accepted.Answer.RecordDigest);
            }
        }
    }

    private static UnverifiedAnswer Target(UnverifiedAnswer answer, Func<UnverifiedHop, UnverifiedHop> change) =>
        answer with { Hops = answer.Hops.SetItem(1, change(answer.Hops[1])) };

    private static Verdict Verify(TestAnswers ask, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(ask.State, ask.Query, answer, ask.Now);

    private static Verdict.Accepted Accepted(TestAnswers ask, UnverifiedAnswer answer) =>
        Answers.Accepted(Verify(ask, answer));
}
