using Fairlead.Naming;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>What an operator takes back, and what votes keep.</summary>
public sealed class TakeBackTests
{
    [Fact]
    public void Proposal_TakenBack_LeavesEveryQueueAndMakesRoom()
    {
        var mesh = new EpochMesh();
        var digests = Enumerable.Range(0, EpochLimits.QueuedPerAnchor).Select(i => mesh.Submit(1_000 + i)).ToList();
        mesh.Submit(5_000);
        Assert.All(mesh.Engines.Values, e => Assert.Equal(EpochLimits.QueuedPerAnchor, e.Waiting));
        mesh.Approve(digests[3], "a1");

        var taken = TakeBack(mesh, "a0", digests[3]);
        Assert.Equal((true, false), (taken.IsProposal, taken.IsApproval));
        Assert.Empty(taken.Voters);
        mesh.Run(1_000);
        Assert.All(mesh.Engines.Values, e =>
            Assert.DoesNotContain(e.Queue, one => one.Candidate.Digest == digests[3]));

        mesh.Submit(5_000);
        Assert.All(mesh.Engines.Values, e => Assert.Equal(EpochLimits.QueuedPerAnchor, e.Waiting));
    }

    /// <summary>Who was away when it was taken back hears so with the next word of the one that proposed it.</summary>
    [Fact]
    public void Proposal_TakenBackWhileOneIsAway_LeavesItsQueueToo()
    {
        var mesh = new EpochMesh();
        var digest = mesh.Submit();
        mesh.Away("a3");
        Assert.True(TakeBack(mesh, "a0", digest).IsProposal);
        mesh.Run(1_000);
        Assert.Equal(1, mesh.Engines["a3"].Waiting);
        mesh.Return("a3");
        mesh.Give("a0", new EpochInput.Connected("a3"));
        mesh.Run(1_000);
        Assert.Equal(0, mesh.Engines["a3"].Waiting);
    }

    [Fact]
    public void Approval_TakenBack_LeavesTheAnchorUnwilling()
    {
        var mesh = new EpochMesh();
        var digest = mesh.Submit();
        mesh.Approve(digest, "a0", "a1");
        Assert.Equal(["a0", "a1"], mesh.Engines["a3"].Supporters(digest));
        var taken = TakeBack(mesh, "a1", digest);
        Assert.Equal((false, true), (taken.IsProposal, taken.IsApproval));
        mesh.Run(1_000);
        Assert.Equal(["a0"], mesh.Engines["a3"].Supporters(digest));
        mesh.Approve(digest, "a2");
        mesh.Run(60_000);
        Assert.Empty(mesh.Decided);

        Assert.False(TakeBack(mesh, "a1", digest).IsApproval);
        mesh.Approve(digest, "a1");
        mesh.Run(60_000);
        Assert.Equal(4, mesh.Decided.Count());
    }

    [Fact]
    public void Vote_Binds()
    {
        var bench = new EpochBench();
        var proposal = bench.Policy(1_000);
        var digest = EpochBench.DigestOf(proposal);
        bench.Step(new EpochInput.Submit(1, proposal));
        bench.Step(new EpochInput.Approve(digest));
        bench.Receive("a1", new EpochMessage.Vote(2, bench.Vote("a1", VotePhase.Prepare, 0, digest)));

        // Another's vote keeps the content here, and nothing else.
        var taken = TakeBack(bench, digest);
        Assert.Equal((false, true), (taken.IsProposal, taken.IsApproval));
        Assert.Equal(["a1"], taken.Voters);
        Assert.Empty(EpochBench.Votes(bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null))));

        Assert.Single(EpochBench.Votes(bench.Step(new EpochInput.Approve(digest))));
        taken = TakeBack(bench, digest);
        Assert.Equal((false, false), (taken.IsProposal, taken.IsApproval));
        Assert.Equal(["a0", "a1"], taken.Voters);
        Assert.Contains(bench.Engine.Queue, one => one.Candidate.Digest == digest && one.Operation.IsApproved);
        bench.Receive("a2", new EpochMessage.Vote(2, bench.Vote("a2", VotePhase.Prepare, 0, digest)));
        Assert.True(bench.Engine.HasCommitted);
    }

    /// <summary>Only who told of it can say so, and nothing goes that somebody voted for.</summary>
    [Fact]
    public void Others_TakeBackTheirOwnWordAlone()
    {
        var bench = new EpochBench();
        var (one, two) = (bench.Policy(1_000), bench.Policy(2_000));
        bench.Receive("a1", new EpochMessage.Offer(2, one));
        bench.Receive("a1", new EpochMessage.Offer(2, two));
        bench.Receive("a3", new EpochMessage.Vote(
            2, bench.Vote("a3", VotePhase.Prepare, 0, EpochBench.DigestOf(two))));
        var gone = new EpochMessage.Status(2, 0, false, [], null, [], [], null)
        {
            TakenBack = [EpochBench.DigestOf(one), EpochBench.DigestOf(two)],
        };
        bench.Receive("a2", gone);
        Assert.Equal(2, bench.Engine.Waiting);
        var outputs = bench.Receive("a1", gone);
        Assert.Equal(EpochBench.DigestOf(one), Assert.Single(outputs.OfType<EpochOutput.Refused>()).Digest);
        Assert.Equal(1, bench.Engine.Waiting);

        // Whoever has it from here is told in turn, until somebody tells of it again.
        Assert.Equal([EpochBench.DigestOf(one)], Told(outputs));
        Assert.Empty(Told(bench.Receive("a2", new EpochMessage.Offer(2, one))));
    }

    /// <summary>In the next slot it has another digest: an anchor that heard nothing hears it there.</summary>
    [Fact]
    public void Proposal_TakenBackBeforeAnEpoch_StaysTakenBackBehindIt()
    {
        var cluster = new Cluster();
        cluster.Run(1_000);
        var gone = cluster.Policy(2_000);
        cluster.Give("a0", new SegmentInput.OfOperator(new EpochInput.Submit(1, gone)));
        cluster.Run(10);
        cluster.Away("a3", true);
        cluster.Give("a0", new SegmentInput.OfOperator(new EpochInput.TakeBack(2, EpochBench.DigestOf(gone))));
        cluster.Decide(cluster.Peer());
        cluster.Run(10_000);
        cluster.Away("a3", false);
        cluster.Run(30_000);
        cluster.Agree(2);
        Assert.All(cluster.Engines.Values, e => Assert.Equal(0, e.Epochs.Waiting));
    }

    private static IReadOnlyList<Digest> Told(IReadOnlyList<EpochOutput> outputs) =>
        outputs.OfType<EpochOutput.Broadcast>().Select(b => b.Message).OfType<EpochMessage.Status>()
            .LastOrDefault()?.TakenBack ?? [];

    private static EpochOutput.TakenBack TakeBack(EpochMesh mesh, string anchor, Digest digest)
    {
        var taken = Assert.Single(
            mesh.Give(anchor, new EpochInput.TakeBack(9, digest)).OfType<EpochOutput.TakenBack>());
        Assert.Equal((9, digest), (taken.Token, taken.Digest));
        mesh.Run(10);
        return taken;
    }

    private static EpochOutput.TakenBack TakeBack(EpochBench bench, Digest digest) => Assert.Single(
        bench.Step(new EpochInput.TakeBack(9, digest)).OfType<EpochOutput.TakenBack>());
}
