using Fairlead.Governance.Tests.Epochs;
using Fairlead.Governance.Tests.Seals;
using Fairlead.Naming;
using Fairlead.Simulator;
using Xunit;

namespace Fairlead.Governance.Tests.Clocks;

/// <summary>
/// A clock that leaps ahead and is set right holds up nothing: only what is certified may not go back (V46), and what
/// waits for a time waits no longer than it would have.
/// </summary>
public sealed class ClockLeapTests
{
    private const long Hour = 3_600_000;

    [Fact]
    public void Segment_OfWhichTwoOfFourLeapForAStep_SealsAtOnceAndDecides()
    {
        var cluster = new Cluster();
        cluster.Run(1_000);
        var waits = cluster.Policy(1_000);
        cluster.Give("a2", new SegmentInput.OfOperator(new EpochInput.Submit(7, waits)));
        cluster.Run(100);
        cluster.LeapForAStep("a0", Hour);
        cluster.LeapForAStep("a1", Hour + 60_000);

        cluster.Publish(cluster.Record(cluster.World.Publisher, "n1.shop.svc"), 1);
        cluster.Run(1_000);
        Assert.Contains(Sealed(cluster), done => done.Token == 1);
        Assert.All(cluster.Engines.Values, engine => Assert.Equal(0, engine.Seals.Pending));

        foreach (var id in cluster.World.Ids)
        {
            cluster.Give(id, new SegmentInput.OfOperator(new EpochInput.Approve(EpochBench.DigestOf(waits))));
        }

        cluster.Run(3_000);
        cluster.Agree(2);

        // Nor does anything spin until the time that the clock had shown.
        var before = cluster.Of<SegmentOutput.SetTimer>("a0").Count();
        cluster.Run(60_000);
        Assert.InRange(cluster.Of<SegmentOutput.SetTimer>("a0").Count() - before, 1, 1_000);
        Assert.InRange(cluster.Now - cluster.First.Seals.Newest!.Seal.Issued, 0, 2 * WorldDocuments.Heartbeat);
    }

    /// <summary>What a voter's clock showed for a moment binds it to nothing, and its patience is as before.</summary>
    [Fact]
    public void Seals_AfterALeap_SignByTheClockThatIsRight()
    {
        var bench = new EngineBench(self: "a3");
        bench.Now += Hour;
        bench.Step(new SealInput.Tick());
        bench.Now -= Hour;
        var outputs = bench.Step(new SealInput.Tick());
        var timer = Assert.Single(outputs.OfType<SealOutput.SetTimer>());
        Assert.InRange(timer.At, bench.Now + 1, bench.Now + SealLimits.LongestTurn);

        Assert.Equal("a1", bench.Engine.Leader);
        outputs = bench.Receive("a1", bench.Propose(1, [bench.Sign(bench.Record())]));
        Assert.Contains(outputs, output => output is SealOutput.Journal);
    }

    /// <summary>What a leader proposes has the time of its clock, whatever that showed before.</summary>
    [Fact]
    public void Leader_AfterALeap_ProposesByTheClockThatIsRight()
    {
        var bench = new EngineBench(self: "a0", isReady: false);
        bench.Answer(["a1", "a2"]);
        bench.Now += Hour;
        bench.Step(new SealInput.Tick());
        bench.Now -= Hour;
        Assert.NotEqual("a0", bench.Engine.Leader);
        var outputs = new List<SealOutput>();
        for (var term = bench.Engine.Term; bench.Engine.Leader != "a0"; term++)
        {
            bench.Receive("a1", new SealMessage.Claim(term + 1, false, null, null));
            outputs.AddRange(bench.Receive("a2", new SealMessage.Claim(term + 1, false, null, null)));
        }

        var proposal = Assert.Single(
            outputs.OfType<SealOutput.Broadcast>().Select(sent => sent.Message).OfType<SealMessage.Propose>());
        Assert.Equal(bench.Now, Documents.Claim(proposal.Seal).Issued);
    }

    /// <summary>A publisher beside the anchor has its clock: what it made is ahead of everybody's, and an anchor that
    /// went on waiting for it would have no patience with any leader.</summary>
    [Fact]
    public void Entry_TakenInALeap_IsRefusedOnceTheClockIsRight()
    {
        var bench = new EngineBench();
        bench.Now += Hour;
        var outputs = bench.Step(new SealInput.Publish(5, bench.Sign(bench.Record())));
        Assert.Contains(outputs, output => output is SealOutput.Accepted { Token: 5 });
        bench.Now -= Hour;
        outputs = bench.Step(new SealInput.Tick());
        var refused = Assert.Single(outputs.OfType<SealOutput.Refused>());
        Assert.Equal((5, VerificationFailure.FromFuture), (refused.Token, refused.Refusal.Failure));
        Assert.Equal(0, bench.Engine.Pending);
    }

    /// <summary>The proposer of the round is away, so that the others decide by the time that passes.</summary>
    [Fact]
    public void Epoch_OfWhichTwoOfFourLeapForAStep_IsDecidedInItsRound()
    {
        var mesh = new EpochMesh();
        mesh.Away("a2");
        var digest = mesh.Submit();
        mesh.LeapForAStep("a0", Hour);
        mesh.LeapForAStep("a1", Hour + 60_000);
        mesh.Approve(digest, "a0", "a1", "a3");
        mesh.Run(EpochLimits.FirstRound);
        Assert.Equal(["a0", "a1", "a3"], mesh.Decided.Order());
    }

    /// <summary>Whether it has ended is asked when it is prepared; it goes once the clock keeps saying so.</summary>
    [Fact]
    public void Operation_OverWhoseEndTheClockLeaps_WaitsOn()
    {
        const long days = 8 * 24 * Hour;
        var bench = new EpochBench();
        var proposal = bench.Policy(1_000);
        bench.Step(new EpochInput.Submit(3, proposal));
        bench.Now += days;
        Assert.DoesNotContain(bench.Step(new EpochInput.Tick()), output => output is EpochOutput.Refused);
        bench.Step(new EpochInput.Approve(EpochBench.DigestOf(proposal)));
        Assert.Empty(bench.Engine.Supporters(EpochBench.DigestOf(proposal)));
        bench.Now -= days;
        bench.Step(new EpochInput.Tick());
        Assert.Equal(["a0"], bench.Engine.Supporters(EpochBench.DigestOf(proposal)));

        bench.Now += days;
        bench.Step(new EpochInput.Tick());
        bench.Now += EpochLimits.EndedKept - 1;
        Assert.DoesNotContain(bench.Step(new EpochInput.Tick()), output => output is EpochOutput.Refused);
        bench.Now += 1;
        var refused = Assert.Single(bench.Step(new EpochInput.Tick()).OfType<EpochOutput.Refused>());
        Assert.Equal((3, VerificationFailure.EpochExpired), (refused.Token, refused.Refusal.Failure));
    }

    private static IEnumerable<SealOutput.Sealed> Sealed(Cluster cluster) =>
        cluster.Of<SegmentOutput.OfSeals>("a0").Select(one => one.Output).OfType<SealOutput.Sealed>();
}
