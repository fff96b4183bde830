using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Protocol;

namespace Fairlead.Anchor.Tests.Governing;

/// <summary>
/// The real program is killed at a step of a succession that needs it, and started again: the epoch is decided and
/// sealed by all, and nobody is asked anything twice.
/// </summary>
public sealed class EpochCrashTests
{
    private const int Victim = 3;

    public enum Step
    {
        /// <summary>It holds the operation and its operator's approval.</summary>
        Approved,

        /// <summary>Its gov key's journal says that it voted.</summary>
        Voted,

        /// <summary>Its folder says that it seals the new epoch.</summary>
        Moved,

        /// <summary>It was gone before the operation came, and comes back when all is done.</summary>
        Away,
    }

    [Theory]
    [InlineData(Step.Approved)]
    [InlineData(Step.Voted)]
    [InlineData(Step.Moved)]
    [InlineData(Step.Away)]
    public async Task Anchor_KilledAtAStep_GoesOnFromItsDisk(Step step)
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        cluster.WriteFiles();
        await Task.WhenAll(cluster.StartAsync(0), cluster.StartAsync(1), cluster.StartAsync(2));
        var process = await cluster.StartProcessAsync(Victim);
        await EpochClusterTests.SealedAsync(cluster, 0);
        var journal = step == Step.Voted ? GovJournal(cluster) : "";
        var silent = step == Step.Voted ? File.GetLastWriteTimeUtc(journal) : default;
        if (step == Step.Away)
        {
            await process.DisposeAsync();
        }
        else
        {
            // Three of four are needed; without the third anchor the killed one is one of them.
            await cluster.StopAsync(2);
        }

        await using var proposer = new OperatorClient(cluster, 0);
        var digest = await proposer.ProposeAsync("no-eu1", RuleEffect.Deny, "*.svc");
        if (step == Step.Away)
        {
            await EpochClusterTests.ApproveAsync(cluster, digest, 1, 2);
            await EpochClusterTests.SealedAsync(cluster, 1);
        }
        else
        {
            await EpochClusterTests.ApproveAsync(cluster, digest, Victim);
            if (step != Step.Approved)
            {
                await EpochClusterTests.ApproveAsync(cluster, digest, 1);
                await OperatorClient.EventuallyAsync(() => Task.FromResult(step == Step.Voted
                    ? File.GetLastWriteTimeUtc(journal) != silent
                    : File.Exists(Path.Combine(cluster.DataOf(Victim), "chain.state"))));
            }

            await process.DisposeAsync();
        }

        process = await cluster.StartProcessAsync(Victim);
        await using var victim = new OperatorClient(cluster, Victim);
        if (step == Step.Approved)
        {
            Assert.True(Assert.Single((await victim.ProposalsAsync()).Operations).Approved);
            await EpochClusterTests.ApproveAsync(cluster, digest, 1);
        }

        await victim.SealedAsync(1);
        await EpochClusterTests.SealedAsync(cluster, 1);
        var log = await victim.LogAsync(1);
        Assert.True(WireReader.TryRead([Assert.Single(log.Epochs).Epoch], out var epochs, out _));
        Assert.Equal(digest, Epoch.Type.DigestOf(epochs[0].Payload.Span));
        await process.DisposeAsync();
    }

    private static string GovJournal(AnchorCluster cluster) => Path.Combine(
        cluster.DataOf(Victim), cluster.Segment.Gov(Victim).Key.Kid + ".j");
}
