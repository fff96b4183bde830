using Fairlead.Naming;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>Anchors that are rounds apart find each other again, however far apart they are (I10).</summary>
public sealed class RoundTests
{
    private const long Hour = 3_600_000;

    /// <summary>What more than F show is a round that an honest anchor is in; what F show may be anything.</summary>
    [Fact]
    public void Round_ShownByMoreThanF_IsJumpedToFromAnywhere()
    {
        var bench = new EpochBench();
        var proposal = bench.Policy(1000);
        bench.Willing(bench.Approve(proposal), "a1", "a2");
        bench.Receive("a3", new EpochMessage.Status(2, (1L << 53) - 1, false, [], null, [], [], null));
        Assert.Equal(0, bench.Engine.Round);
        bench.Receive("a1", new EpochMessage.Status(2, 1_000, false, [], null, [], [], null));
        Assert.Equal(1_000, bench.Engine.Round);

        // Votes are kept around the round alone: one far from it, of a key that may say anything, fills no memory.
        var digest = EpochBench.DigestOf(proposal);
        bench.Receive("a3", new EpochMessage.Vote(2, bench.Vote("a3", VotePhase.Prepare, 2_000, digest)));
        var answer = bench.Receive("a3", new EpochMessage.Status(2, 1_000, true, [], null, [], [], null));
        Assert.Null(answer.OfType<EpochOutput.Send>().Select(s => s.Message).OfType<EpochMessage.Status>()
            .Single().Yours);
        Assert.Contains(
            EpochBench.Votes(bench.Lock(proposal, 1_000, EpochBench.Proposer(1_000))),
            vote => (vote.Phase, vote.Round) == (VotePhase.Commit, 1_000));
    }

    /// <summary>Two of four prepared and waited for hours; the two that come back decide with them.</summary>
    [Fact]
    public void Anchors_ThatReturnAfterHours_Decide()
    {
        var mesh = new EpochMesh();
        mesh.Away("a3");
        var digest = mesh.Submit();
        mesh.Approve(digest, "a2");
        mesh.Away("a2");
        mesh.Approve(digest, "a0", "a1");
        mesh.Run(7 * Hour);
        Assert.Equal(["a0", "a1"], mesh.Voted.Order(StringComparer.Ordinal));

        mesh.Return("a2");
        mesh.Return("a3");
        mesh.Approve(digest, "a3");
        mesh.Run(Hour);
        Assert.Equal(4, mesh.Decided.Count());
    }

    /// <summary>
    /// One anchor prepared while it was cut off. The others, which had nothing to do meanwhile, reach it, though T are
    /// no more than these.
    /// </summary>
    [Fact]
    public void Anchor_ThatWentOnAlone_IsReached()
    {
        var mesh = new EpochMesh();
        var digest = mesh.Submit();
        mesh.Approve(digest, "a0", "a2");
        mesh.Away("a1");
        mesh.Approve(digest, "a1");
        mesh.Run(Hour);
        Assert.Equal(["a1"], mesh.Voted);

        mesh.Away("a3");
        mesh.Return("a1");
        mesh.Run(Hour);
        Assert.Equal(["a0", "a1", "a2"], mesh.Decided.Order(StringComparer.Ordinal));
    }
}
