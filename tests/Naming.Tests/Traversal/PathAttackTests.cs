using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Answers that lead elsewhere than the segments on the path agree to.</summary>
public sealed class PathAttackTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    [MaliciousInput(55, "down link whose target lacks this uplink: LinkNotAccepted")]
    public void DownHop_TargetWithoutThisUplink_LinkNotAccepted()
    {
        var tree = new TreeWorld();
        var stranger = AnswerSegment.Create("us1.acme.internal", tree.Now - 60_000);
        stranger.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, tree.Now, stranger.Publisher)).SealAt(tree.Now - 1000);
        tree.Acme.Put(AnswerLeaves.LinkOf(stranger)).SealAt(tree.Now - 500);
        var ask = tree.Ask("checkout.shop.svc.us1.acme.internal").Via(tree.Acme, HopKind.Up)
            .Via(stranger, HopKind.Down);

        Answers.Refused(LinkNotAccepted, AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now));
    }

    [Fact]
    [MaliciousInput(56, "pinned name, new genesis: LinkRepointed")]
    public void PeerHop_PinnedNameWithNewGenesis_LinkRepointed()
    {
        var ask = _world.Ask();
        var pinned = Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, _world.Answer(), _world.Now)).Next;
        var thief = AnswerSegment.Create("us1.internal", _world.Now - 60_000, change: epoch => epoch with
        {
            Peers = [_world.Eu1.Genesis],
        });
        thief.Put(_world.Record).SealAt(_world.Now - 500);
        _world.Eu1.Put(AnswerLeaves.PeerOf(thief)).SealAt(_world.Now - 500);
        var lie = new TestAnswers(_world.Eu1, $"{PeerWorld.Checkout}.us1.internal", _world.Now)
            .Via(thief, HopKind.Peer);

        Answers.Refused(
            LinkRepointed, AnswerVerifier.Verify(pinned, lie.Query, lie.Record(_world.East, _world.West), _world.Now));
    }

    [Fact]
    [MaliciousInput(57, "target chain below floor: BelowLinkFloor")]
    public void PeerHop_ChainBelowTheFloor_BelowLinkFloor()
    {
        _world.Us1.Next(_world.Now - 10_000);
        _world.Eu1.Put(AnswerLeaves.PeerOf(_world.Us1) with
        {
            Floor = new Floor(Digest.Sha256("a later epoch"u8), 3),
        }).SealAt(_world.Now - 500);
        _world.Us1.SealAt(_world.Now - 500);

        Refused(BelowLinkFloor, _world.Answer());
    }

    [Fact]
    [MaliciousInput(58, "long-range fork against the floor: FloorMismatch")]
    public void PeerHop_LongRangeFork_FloorMismatch()
    {
        _world.Eu1.Put(AnswerLeaves.PeerOf(_world.Us1) with
        {
            Floor = new Floor(Digest.Sha256("the honest epoch 1"u8), 1),
        }).SealAt(_world.Now - 500);

        Refused(FloorMismatch, _world.Answer());
    }

    [Fact]
    [MaliciousInput(59, "parent's own record under its link: OccludedByLink")]
    public void Parent_OwnRecordUnderItsLink_OccludedByLink()
    {
        var tree = new TreeWorld();
        tree.Acme.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, tree.Now, tree.Acme.Publisher)).SealAt(tree.Now - 500);
        var ask = tree.Ask("checkout.shop.svc.us1.acme.internal").Via(tree.Acme, HopKind.Up);
        ask.Extra.Add((1, LeafClass.Link, "us1"));

        Answers.Refused(OccludedByLink, AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now));
    }

    [Fact]
    public void Parent_AnswersForItsChild_PathBroken()
    {
        var tree = new TreeWorld();
        tree.Acme.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, tree.Now, tree.Acme.Publisher)).SealAt(tree.Now - 500);
        var ask = tree.Ask("checkout.shop.svc.us1.acme.internal").Via(tree.Acme, HopKind.Up);

        Answers.Refused(PathBroken, AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now));
    }

    [Fact]
    [MaliciousInput(60, "hop i+1 is not what hop i names: PathBroken")]
    public void Hop_NotTheOneNamed_PathBroken()
    {
        var other = AnswerSegment.Create("us1.internal", _world.Now - 60_000, change: epoch => epoch with
        {
            Peers = [_world.Eu1.Genesis],
        });
        other.Put(_world.Record).SealAt(_world.Now - 500);
        var ask = _world.Ask();
        var answer = _world.Answer();
        var lie = new TestAnswers(_world.Eu1, ask.Query.Value.Name.Text, _world.Now).Via(other, HopKind.Peer)
            .Record(_world.East, _world.West);

        Refused(PathBroken, answer with { Hops = [answer.Hops[0], lie.Hops[1]] });
    }

    [Fact]
    [MaliciousInput(61, "A, B, A: LoopDetected")]
    public void Path_ABA_LoopDetected()
    {
        var answer = _world.Answer();
        Refused(LoopDetected, answer with { Hops = [.. answer.Hops, answer.Hops[0] with { Kind = HopKind.Down }] });
    }

    [Fact]
    [MaliciousInput(49, "link proof and absence from two seals: MixedSeals")]
    public void Segment_UnderTwoSeals_MixedSeals()
    {
        var answer = _world.Answer();
        _world.Eu1.SealAt(_world.Now - 100);
        var second = answer.Hops[0] with { Kind = HopKind.Down, Seal = _world.Eu1.SealEnvelope };

        Refused(MixedSeals, answer with { Hops = [.. answer.Hops, second] });
    }

    [Fact]
    [MaliciousInput(62, "9 hops: TooManyHops")]
    public void Path_OfNineHops_TooManyHops()
    {
        var answer = _world.Answer();
        var more = Enumerable.Range(0, 7).Select(i =>
        {
            var child = AnswerSegment.Create($"c{i}.us1.internal", _world.Now - 60_000).SealAt(_world.Now - 500);
            return answer.Hops[1] with
            {
                Genesis = child.Genesis,
                Kind = HopKind.Down,
                Epochs = [.. child.Documents],
                Seal = child.SealEnvelope,
                Attests = [],
            };
        });

        Refused(TooManyHops, answer with { Hops = [.. answer.Hops, .. more] });
    }

    [Fact]
    public void Path_LongerThanASegmentAllows_TooManyHops()
    {
        _world.Us1.Next(_world.Now - 10_000, epoch => epoch with { Policy = epoch.Policy with { MaxHops = 1 } })
            .SealAt(_world.Now - 500);

        Refused(TooManyHops, _world.Answer());
    }

    [Fact]
    public void DeniedPath_LongerThanTheDenyingSegmentAllows_TooManyHops()
    {
        _world.Us1.Next(_world.Now - 10_000, epoch => epoch with { Policy = epoch.Policy with { MaxHops = 1 } });

        Refused(TooManyHops, _world.Ask().Denied());
    }

    [Fact]
    public void DownHop_ByALinkThatNamesAnotherLabel_LinkNotAccepted()
    {
        var tree = new TreeWorld();
        var stranger = AnswerSegment.Create(
            "us9.acme.internal",
            tree.Now - 60_000,
            change: epoch => epoch with { Uplinks = [AnswerLeaves.UplinkTo(tree.Acme, "us9")] });
        stranger.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, tree.Now, stranger.Publisher)).SealAt(tree.Now - 500);
        tree.Acme.Put(AnswerLeaves.LinkOf(stranger, "us1")).SealAt(tree.Now - 500);
        var ask = tree.Ask("checkout.shop.svc.us1.acme.internal").Via(tree.Acme, HopKind.Up)
            .Via(stranger, HopKind.Down);

        Answers.Refused(LinkNotAccepted, AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now));
    }

    [Fact]
    [MaliciousInput(106, "up hop, parent holds no Link back: LinkNotAccepted")]
    public void UpHop_ParentWithoutLinkBack_LinkNotAccepted()
    {
        var tree = new TreeWorld();
        var ask = tree.ToUs1();
        tree.Acme.Remove(LeafClass.Link, "eu1").SealAt(tree.Now - 500);

        Answers.Refused(LinkNotAccepted, AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now));
    }

    [Fact]
    [MaliciousInput(107, "peer hop, other side's peers lacks me: LinkNotAccepted")]
    public void PeerHop_OtherSideLacksMe_LinkNotAccepted()
    {
        _world.Us1.Next(_world.Now - 10_000, epoch => epoch with { Peers = [] }).SealAt(_world.Now - 500);

        Refused(LinkNotAccepted, _world.Answer());
    }

    [Fact]
    [MaliciousInput(111, "target's new epoch drops the introducer: LinkNotAccepted")]
    public void TargetsNewEpoch_DropsTheIntroducer_LinkNotAccepted()
    {
        var ask = _world.Ask();
        var before = Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, _world.Answer(), _world.Now)).Next;
        _world.Us1.Next(_world.Now - 10_000, epoch => epoch with { Peers = [Digest.Sha256("another"u8)] })
            .SealAt(_world.Now - 500);

        Answers.Refused(LinkNotAccepted, AnswerVerifier.Verify(before, ask.Query, _world.Answer(), _world.Now));
    }

    [Fact]
    [MaliciousInput(108, "up hop without absence of Peers; shorter Peer chosen: PathNotPreferred")]
    public void UpHop_WithoutAbsenceOfPeers_PathNotPreferred()
    {
        var tree = new TreeWorld();
        var ask = tree.ToUs1();
        ask.Withheld.Add((0, LeafClass.Peer, "acme.internal"));

        Answers.Refused(PathNotPreferred, AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now));
    }

    [Fact]
    [MaliciousInput(108, "up hop without absence of Peers; shorter Peer chosen: PathNotPreferred")]
    public void PeerHop_ShorterPeerThanThereIs_PathNotPreferred()
    {
        var world = new PeerWorld();
        var broad = AnswerSegment.Create(
            "internal", world.Now - 60_000, change: epoch => epoch with { Peers = [world.Eu1.Genesis] });
        broad.Put(AnswerLeaves.LinkOf(world.Us1)).SealAt(world.Now - 500);
        world.Eu1.Put(AnswerLeaves.PeerOf(broad)).SealAt(world.Now - 500);
        var ask = new TestAnswers(world.Eu1, $"{PeerWorld.Checkout}.us1.internal", world.Now).Via(broad, HopKind.Peer);

        Answers.Refused(PathNotPreferred, AnswerVerifier.Verify(world.State, ask.Query, ask.Negative(), world.Now));
    }

    [Fact]
    [MaliciousInput(109, "down then up; two peer hops: PathBroken")]
    public void Kinds_DownThenUp_PathBroken()
    {
        var tree = new TreeWorld();
        var answer = tree.ToUs1().Record();

        foreach (var kinds in new HopKind[][]
        {
            [HopKind.Home, HopKind.Down, HopKind.Up],
            [HopKind.Home, HopKind.Peer, HopKind.Peer],
            [HopKind.Home, HopKind.Peer, HopKind.Up],
            [HopKind.Up, HopKind.Up, HopKind.Down],
            [HopKind.Home, HopKind.Home, HopKind.Down],
        })
        {
            var lie = answer with { Hops = [.. answer.Hops.Select((hop, i) => hop with { Kind = kinds[i] })] };
            var ask = tree.ToUs1();
            Answers.Refused(PathBroken, AnswerVerifier.Verify(ask.State, ask.Query, lie, tree.Now));
        }
    }

    [Fact]
    [MaliciousInput(69, "answer to another query: QueryMismatch")]
    public void Answer_ToAnotherQuery_QueryMismatch()
    {
        var other = _world.Ask("cart.shop.svc");

        Answers.Refused(QueryMismatch, AnswerVerifier.Verify(_world.State, other.Query, _world.Answer(), _world.Now));
    }

    [Fact]
    public void Results_OfALaterVersion_AreRefusedByName()
    {
        Refused(PathBroken, _world.Answer() with { Result = AnswerResult.Set });
        Refused(TooManyRedirects, _world.Answer() with { Result = AnswerResult.Redirect });
        Refused(BadEnvelope, _world.Answer() with { Result = AnswerResult.None });
    }

    private void Refused(VerificationFailure failure, UnverifiedAnswer answer) =>
        Answers.Refused(failure, AnswerVerifier.Verify(_world.State, _world.Ask().Query, answer, _world.Now));
}
