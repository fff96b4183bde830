using System.Reflection;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>A renewal without floors is proposed in its time and no earlier, and neither what an anchor says nor what
/// it tells of keeps it off. And an operation that meets a bug leaves nothing behind.</summary>
public sealed class LateRenewalTests
{
    private readonly EpochBench _maker = new();

    /// <summary>In a run of renewals, where one is of no use before its time.</summary>
    [Fact]
    public void Run_WhoseFloorsNobodyElseKnows_WaitsForItsTime()
    {
        var ground = Next(_maker.Ground, Join(_maker.Ground, Limits.LinksPerEpoch));
        ground = Next(ground, Join(ground, 1, Limits.LinksPerEpoch));
        ground = Next(ground, RenewOperation.Build(ground, Known(Limits.LinksPerEpoch, 3), _maker.Now, _maker.Opening));
        Assert.True(RenewOperation.IsUnfinished(ground));
        var bench = new EpochBench(change: o => o with
        {
            Ground = ground, Foreign = Known(Limits.LinksPerEpoch + 1, 3 + Limits.FloorLag),
        });
        bench.Now += 10_000;
        bench.Step(new EpochInput.Tick());
        var first = Assert.Single(bench.Engine.Queue).Candidate;
        Assert.NotNull(first.Epoch.Value.Op.Manifest);
        for (var i = 0; i < 8; i++)
        {
            bench.Now += EpochLimits.FloorsPatience;
            bench.Step(new EpochInput.Tick());
        }

        Assert.Single(bench.Engine.Queue);
        bench.Now = RenewOperation.DueAt(ground.Epoch.Value);
        bench.Step(new EpochInput.Tick());
        Assert.Single(bench.Engine.Queue);
        bench.Now += EpochLimits.FloorsPatience + (4 * EpochLimits.RenewalTurn);
        var late = Assert.Single(bench.Step(new EpochInput.Tick()).OfType<EpochOutput.Queued>());
        Assert.Equal((null, true), (late.Candidate.Epoch.Value.Op.Manifest, late.IsWilling));
    }

    /// <summary>One anchor tells of the same floors again and again, each time in a renewal of another time.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Renewals_ThatOneAnchorTellsOfAnew_HoldNothingOff(bool withFloors)
    {
        var (bench, _) = Offered();
        Digest[] last = [];
        for (var i = 0; i < 4; i++)
        {
            bench.Now += EpochLimits.FloorsPatience / 3;
            var offered = RenewOperation.Build(
                bench.Ground, withFloors ? Known(1, 9) : [], bench.Now - 1, bench.Opening);
            bench.Receive("a3", new EpochMessage.Offer(2, offered));
            bench.Receive("a3", new EpochMessage.Status(2, 0, false, [], null, [], [], null) { TakenBack = last });
            last = [EpochBench.DigestOf(offered)];
            Assert.Single(bench.Engine.Queue, one => one.Operation.Source == "a3");
        }

        Assert.Single(bench.Engine.Queue, IsOwnLate);
    }

    /// <summary>One anchor says that it would prepare what only two know the floors of, or approved: they are proposed
    /// at first, and not for ever.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Renewal_BehindWhatOneAnchorFalselySupports_IsProposed(bool asOperation)
    {
        var (bench, first) = Offered();
        if (asOperation)
        {
            first = bench.Approve(EpochBench.Change(bench.Policy(1000), epoch => epoch with
            {
                Issued = epoch.Issued - 60_000, Expires = epoch.Expires - 60_000,
            }));
        }

        Say(0, [first]);
        bench.Now += EpochLimits.FloorsPatience + (4 * EpochLimits.RenewalTurn);
        bench.Step(new EpochInput.Tick());
        var late = Assert.Single(bench.Engine.Queue, IsOwnLate).Candidate.Digest;
        var proposed = Say(2, [first, late]).OfType<EpochOutput.Broadcast>().Select(one => one.Message)
            .OfType<EpochMessage.Propose>();
        Assert.Equal(late, EpochBench.DigestOf(Assert.Single(proposed).Proposal));

        List<EpochOutput> Say(long round, Digest[] willing) =>
        [
            .. new[] { "a1", "a2" }.SelectMany(anchor => bench.Receive(anchor, new EpochMessage.Status(
                2, round, false, [], null, willing, willing, null))),
        ];
    }

    /// <summary>The bug is met once, by the step that brings the operation.</summary>
    [Fact]
    public void Operation_ThatMeetsABug_DoesNotWait()
    {
        var (bench, _) = Offered();
        var offered = RenewOperation.Build(bench.Ground, Known(1, 9), bench.Now - 1, bench.Opening);
        var queue = Field(typeof(EpochEngine), "_queue").GetValue(bench.Engine)!;
        var facts = Field(typeof(OperationQueue), "_foreign");
        var held = facts.GetValue(queue);
        facts.SetValue(queue, null);
        Assert.Throws<NullReferenceException>(() => bench.Receive("a1", new EpochMessage.Offer(2, offered)));
        facts.SetValue(queue, held);
        bench.Step(new EpochInput.Tick());
        Assert.Equal(1, bench.Engine.Waiting);

        static FieldInfo Field(Type type, string name) =>
            type.GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!;
    }

    private static bool IsOwnLate((EpochCandidate Candidate, QueuedOperation Operation) one) =>
        one.Operation.Source == "a0" && one.Candidate.Epoch.Value.Op is { Type: OpType.Renew, Manifest: null };

    // An anchor that has just proposed a renewal with the floor of a child.
    private (EpochBench Bench, Digest Digest) Offered()
    {
        var ground = Next(_maker.Ground, Join(_maker.Ground, 1));

        // Slot 2 is what the bench speaks of.
        ground = ground with
        {
            Epoch = Document.Make(ground.Epoch.Value with { Number = _maker.Ground.Epoch.Value.Number }),
        };
        var bench = new EpochBench(change: o => o with { Ground = ground, Foreign = Known(1, 9) })
        {
            Now = RenewOperation.DueAt(ground.Epoch.Value) + 10_000,
        };
        var outputs = bench.Step(new EpochInput.Tick());
        var queued = Assert.Single(outputs.OfType<EpochOutput.Queued>());
        Assert.NotNull(queued.Candidate.Epoch.Value.Op.Manifest);
        return (bench, queued.Candidate.Digest);
    }

    private static Dictionary<Digest, ForeignSegment> Known(int count, long epoch) =>
        Enumerable.Range(0, count).ToDictionary(
            EpochBench.Stranger, i => new ForeignSegment(new Floor(EpochBench.Stranger(5000 + i), epoch), []));

    private EpochProposal Join(EpochGround ground, int count, int first = 0) => JoinOperation.BuildParent(
        ground,
        [
            .. Enumerable.Range(first, count).Select(i => new JoiningChild(
                $"c{i}", EpochBench.Stranger(i), new Floor(EpochBench.Stranger(-1 - i), 2), [EpochBench.Endpoint],
                null)),
        ],
        _maker.Now, _maker.Opening, out _)!;

    private EpochGround Next(EpochGround ground, EpochProposal proposal)
    {
        Assert.True(
            CandidateRules.TryRead(
                ground, proposal, new PortChecks(_maker.World.Check), out var candidate, out var refusal),
            refusal?.ToString());
        return ground.Follow(candidate);
    }
}
