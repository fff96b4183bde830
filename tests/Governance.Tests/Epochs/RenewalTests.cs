using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>A segment renews itself in time, whatever its anchors know of others, and gives away none of its
/// life.</summary>
public sealed class RenewalTests
{
    private static readonly string[] Anchors = ["a0", "a1", "a2", "a3"];

    private readonly EpochBench _bench = new();

    /// <summary>Of four children each has told another anchor of its newer epoch: no renewal with a floor is one that
    /// T anchors would prepare, and one without is decided all the same.</summary>
    [Fact]
    public void Renewal_WhoseFloorsAreKnownToOneAnchorEach_IsMadeWithoutThem()
    {
        var ground = WithChildren(Anchors.Length);
        var mesh = new EpochMesh((id, options) => options with
        {
            Ground = ground, Foreign = Known(Array.IndexOf(Anchors, id)),
        });
        mesh.Run(RenewOperation.DueAt(ground.Epoch.Value) - mesh.Now + EpochLimits.FloorsPatience + 20_000);
        Assert.Equal(4, mesh.Decided.Count());
        var epoch = mesh.Engines["a0"].Decision!.Candidate.Epoch.Value;
        Assert.Equal((OpType.Renew, ground.Life), (epoch.Op.Type, epoch.Expires - epoch.Issued));
        Assert.Null(epoch.Op.Manifest);
    }

    /// <summary>Where enough know a floor, the first renewal states it.</summary>
    [Fact]
    public void Renewal_WhoseFloorsAreKnown_StatesThem()
    {
        var ground = WithChildren(1);
        var mesh = new EpochMesh((id, options) => options with
        {
            Ground = ground, Foreign = id == "a2" ? [] : Known(0),
        });
        mesh.Run(RenewOperation.DueAt(ground.Epoch.Value) - mesh.Now + 20_000);
        Assert.Equal(4, mesh.Decided.Count());
        Assert.NotNull(mesh.Engines["a2"].Decision!.Candidate.Epoch.Value.Op.Manifest);
    }

    /// <summary>What tightens needs no approval where the policy says so, but for its epoch's life: one that is too
    /// short is no operation at all, and any other length is an operator's to see.</summary>
    [Fact]
    public void Life_OfAnotherLength_IsNeverAutomaticAndNeverTooShort()
    {
        var ground = _bench.Ground;
        var auto = Document.Make(ground.Epoch.Value with
        {
            Expires = ground.Epoch.Value.Issued + Limits.Day,
            Policy = ground.Epoch.Value.Policy with { Auto = [OpType.Policy] },
        });
        var bench = new EpochBench(change: o => o with { Ground = ground with { Epoch = auto } });
        var tightening = bench.Policy(1000);
        Assert.True(IsWilling(tightening));
        foreach (var life in new[] { Limits.EpochLifeMin, Limits.Day - 1, Limits.Day + 1 })
        {
            Assert.False(IsWilling(Living(life)));
        }

        foreach (var life in new[] { 6_000, Limits.EpochLifeMin - 1 })
        {
            var outputs = bench.Step(new EpochInput.Submit(1, Living(life)));
            Assert.Equal(
                VerificationFailure.PolicyOutOfRange,
                Assert.Single(outputs.OfType<EpochOutput.Refused>()).Refusal.Failure);
        }

        EpochProposal Living(long life) =>
            EpochBench.Change(tightening, epoch => epoch with { Expires = epoch.Issued + life });

        bool IsWilling(EpochProposal proposal) => Assert.Single(
            bench.Receive("a1", new EpochMessage.Offer(2, proposal)).OfType<EpochOutput.Queued>()).IsWilling;
    }

    /// <summary>One that asks for another life waits for the others' operators, if need be for ever: the anchor that
    /// proposes it proposes the one that is due all the same.</summary>
    [Fact]
    public void Renewal_ForAnotherLife_KeepsNobodyFromTheOneThatIsDue()
    {
        var proposal = RenewOperation.Build(
            _bench.Ground, new Dictionary<Digest, ForeignSegment>(), _bench.Now, _bench.Opening,
            2 * _bench.Ground.Life);
        _bench.Step(new EpochInput.Submit(1, proposal));
        _bench.Step(new EpochInput.Approve(EpochBench.DigestOf(proposal)));
        Assert.Equal(["a0"], _bench.Engine.Supporters(EpochBench.DigestOf(proposal)));

        _bench.Now = RenewOperation.DueAt(_bench.Ground.Epoch.Value) + 10_000;
        var offer = Assert.Single(_bench.Step(new EpochInput.Tick()).OfType<EpochOutput.Broadcast>()
            .Select(sent => sent.Message).OfType<EpochMessage.Offer>());
        Assert.Equal(_bench.Now + _bench.Ground.Life, EpochBench.Read(offer.Proposal).Value.Expires);
    }

    /// <summary>Its operators together give an epoch another length of life, and those after it have it too.</summary>
    [Fact]
    public void Renewal_ForAnotherLife_IsTheSegmentsFromThenOn()
    {
        var cluster = new Cluster();
        cluster.Run(1_000);
        var life = 2 * cluster.Ground.Life;
        cluster.Decide(RenewOperation.Build(
            cluster.Ground, new Dictionary<Digest, ForeignSegment>(), cluster.Now, cluster.Opening, life));
        cluster.Run(3_000);
        cluster.Agree(2);
        Assert.Equal(life, cluster.Ground.Life);
        cluster.Decide(cluster.Policy(1_000));
        cluster.Run(3_000);
        cluster.Agree(3);
        Assert.Equal(life, cluster.Ground.Life);
    }

    /// <summary>A parent of many children spends epochs beyond the period's own one on floors that are far behind
    /// alone.</summary>
    [Fact]
    public void Renewal_BehindAFullOne_IsWorthItWhereFloorsAreFarBehind()
    {
        const int Count = Limits.LinksPerEpoch + 6;
        var ground = WithChildren(Limits.LinksPerEpoch);
        ground = Next(ground, Join(ground, Limits.LinksPerEpoch, Count));
        ground = Next(ground, RenewOperation.Build(ground, At(3), _bench.Now, _bench.Opening));
        Assert.True(RenewOperation.IsUnfinished(ground));
        Assert.False(RenewOperation.HasFresh(ground, At(3)));
        Assert.False(RenewOperation.HasFresh(ground, At(2 + Limits.FloorLag - 1)));
        Assert.True(RenewOperation.HasFresh(ground, At(2 + Limits.FloorLag)));
        var rest = RenewOperation.Build(ground, At(2 + Limits.FloorLag), _bench.Now, _bench.Opening);
        Assert.Equal(6, rest.Leaves.Length);

        // Nobody votes alone for one that is not, before its time.
        Assert.True(IsWilling(rest, At(2 + Limits.FloorLag)));
        var inTime = RenewOperation.Build(
            ground, At(3), RenewOperation.DueAt(ground.Epoch.Value), _bench.Opening);
        Assert.Equal(6, inTime.Leaves.Length);
        Assert.False(IsWilling(
            EpochBench.Change(inTime, epoch => epoch with
            {
                Issued = ground.Epoch.Value.Issued, Expires = ground.Epoch.Value.Issued + ground.Life,
            }),
            At(3)));

        Dictionary<Digest, ForeignSegment> At(long epoch) => Enumerable.Range(0, Count).ToDictionary(
            EpochBench.Stranger, i => new ForeignSegment(new Floor(EpochBench.Stranger(5000 + i), epoch), []));

        bool IsWilling(EpochProposal proposal, Dictionary<Digest, ForeignSegment> known)
        {
            var bench = new EpochBench(change: o => o with { Ground = ground, Foreign = known });
            return bench.Step(new EpochInput.Submit(1, proposal)).OfType<EpochOutput.Queued>()
                .Any(queued => queued.Candidate.Digest == EpochBench.DigestOf(proposal) && queued.IsWilling);
        }
    }

    /// <summary>An epoch that no verifier follows is refused as an operation.</summary>
    [Fact]
    public void Operation_BehindTheLastEpoch_IsBudgetExceeded()
    {
        var last = Document.Make(_bench.Ground.Epoch.Value with { Number = Limits.ChainEpochs - 1 });
        var ground = _bench.Ground with { Epoch = last };
        var renewal = RenewOperation.Build(
            ground, new Dictionary<Digest, ForeignSegment>(), _bench.Now, _bench.Opening);
        Assert.False(CandidateRules.TryRead(
            ground, renewal, new PortChecks(_bench.World.Check), out _, out var refusal));
        Assert.Equal(VerificationFailure.BudgetExceeded, refusal.Failure);
    }

    private static Dictionary<Digest, ForeignSegment> Known(int child) => new()
    {
        [EpochBench.Stranger(child)] = new ForeignSegment(new Floor(EpochBench.Stranger(5000 + child), 9), []),
    };

    private EpochGround WithChildren(int count) => Next(_bench.Ground, Join(_bench.Ground, 0, count));

    private EpochProposal Join(EpochGround ground, int from, int to) => JoinOperation.BuildParent(
        ground,
        [
            .. Enumerable.Range(from, to - from).Select(i => new JoiningChild(
                $"c{i}", EpochBench.Stranger(i), new Floor(EpochBench.Stranger(-i), 2), [EpochBench.Endpoint], null)),
        ],
        _bench.Now, _bench.Opening, out _)!;

    private EpochGround Next(EpochGround ground, EpochProposal proposal)
    {
        Assert.True(
            CandidateRules.TryRead(
                ground, proposal, new PortChecks(_bench.World.Check), out var candidate, out var refusal),
            refusal?.ToString());
        return ground.Follow(candidate);
    }
}
