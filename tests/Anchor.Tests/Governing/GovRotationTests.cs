using Fairlead.Anchor.Journal;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Tests.Governing;

/// <summary>The gov keys' journals start anew behind an epoch, and what a restart makes of them, of a rotation that a
/// crash left unfinished, and of an epoch that has no seal yet (4.3.3, 4.11, V43).</summary>
public sealed class GovRotationTests
{
    [Fact]
    public async Task Journals_OverTheLimit_StartAtTheNewestEpochAndAnchorsGoOnAfterARestart()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200) { JournalBytes = 2048 };
        await cluster.StartAllAsync();
        await using var client = new ClusterClient();
        await client.SealAsync(cluster, 0, "checkout.shop.svc", TestContext.Current.CancellationToken);
        await DecideAsync(cluster, 1, 1, 2);
        await DecideAsync(cluster, 2, 1, 2);
        await OperatorClient.EventuallyAsync(
            () => Task.FromResult(cluster.Running.All(host => host.GovRotations >= 1)));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(cluster.StopAsync));
        for (var i = 0; i < 4; i++)
        {
            var header = HeaderOf(cluster, i);
            Assert.True(header.BaseEpoch >= 1);
            Assert.NotNull(header.Last);
        }

        // A crash while the new file was written leaves a part of it beside the old one.
        var whole = await File.ReadAllBytesAsync(JournalOf(cluster, 1), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(
            JournalOf(cluster, 1) + ".new", whole[..300], TestContext.Current.CancellationToken);
        var archive = Archive(cluster, 0).ToDictionary(path => path, File.ReadAllBytes);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(cluster.StartAsync));
        await EpochClusterTests.SealedAsync(cluster, 2);

        // Three of four are needed, and each of them votes with a journal that was rotated before.
        await cluster.StopAsync(3);
        await DecideAsync(cluster, 3, 1, 2);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(cluster.StopAsync));
        await ServesTheEpochBeforeAsync(cluster, archive);
        await Task.WhenAll(cluster.StartAsync(1), cluster.StartAsync(2));
        await EpochClusterTests.SealedAsync(cluster, 3);
    }

    /// <summary>V43: a journal that grows too long while a vote is open starts anew with that vote in it. The files end
    /// just below the limit: each anchor's prepare of the next epoch makes its own too long, and nobody can decide
    /// before all three have prepared.</summary>
    [Fact]
    public async Task Journal_RotatedWhileAVoteIsOpen_CarriesTheVote()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        await cluster.StartAllAsync();
        await DecideAsync(cluster, 1, 1, 2);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(cluster.StopAsync));
        cluster.JournalBytes = Enumerable.Range(0, 3).Max(i => EndOf(cluster, i)) + 500;

        await Task.WhenAll(Enumerable.Range(0, 3).Select(cluster.StartAsync));
        await DecideAsync(cluster, 2, 1, 2);
        await OperatorClient.EventuallyAsync(
            () => Task.FromResult(cluster.Running.All(host => host.GovRotations >= 1)));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(cluster.StopAsync));

        // One that was kept from its processor just then may have rotated when all was decided.
        Assert.Contains(Enumerable.Range(0, 3), i => HeaderOf(cluster, i).BaseEpoch == 1
            && VotesIn(cluster, i) is [{ Slot: 2, Phase: VotePhase.Prepare, Proposal: not null }, ..]);
    }

    /// <summary>It moved to epoch 3 and was gone before it knew a seal of it; alone it cannot make one.</summary>
    private static async Task ServesTheEpochBeforeAsync(AnchorCluster cluster, Dictionary<string, byte[]> archive)
    {
        foreach (var path in Archive(cluster, 0))
        {
            File.Delete(path);
        }

        foreach (var (path, bytes) in archive)
        {
            await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        }

        await cluster.StartAsync(0);
        var view = cluster[0].Views.Current;
        Assert.NotNull(view);
        Assert.Equal((2, 2, 3), (view.Epoch.Value.Number, view.Certified.Seal.Epoch, view.Epochs.Length));
        Assert.NotNull(view.Entry(new(LeafClass.Record, "checkout.shop.svc")));
        await using var client = new ClusterClient();
        await using var pod = client.AsPod(cluster, 0);
        var epochs = await pod.EpochsAsync(
            new EpochsRequest { Genesis = WireWriter.ToBytes(cluster.Segment.Genesis), Limit = 9 },
            TestContext.Current.CancellationToken);
        Assert.Equal((2ul, 3), (epochs.Newest, epochs.Epochs.Count));
    }

    private static async Task DecideAsync(AnchorCluster cluster, long epoch, params int[] approving)
    {
        await using var proposer = new OperatorClient(cluster, 0);
        var digest = await proposer.ProposeAsync($"rule-{epoch}", RuleEffect.Deny, $"r{epoch}.shop.svc");
        await EpochClusterTests.ApproveAsync(cluster, digest, approving);
        await EpochClusterTests.SealedAsync(cluster, epoch);
    }

    private static IEnumerable<string> Archive(AnchorCluster cluster, int anchor) =>
        Directory.GetFiles(cluster.DataOf(anchor), "archive.db*");

    private static string KidOf(AnchorCluster cluster, int anchor) => cluster.Segment.Gov(anchor).Key.Kid.ToString();

    private static string JournalOf(AnchorCluster cluster, int anchor) =>
        Path.Combine(cluster.DataOf(anchor), KidOf(cluster, anchor) + ".j");

    private static JournalHeader HeaderOf(AnchorCluster cluster, int anchor)
    {
        using var journal = Open(cluster, anchor);
        return journal.Header;
    }

    private static long EndOf(AnchorCluster cluster, int anchor)
    {
        using var journal = Open(cluster, anchor);
        return journal.End;
    }

    private static List<EpochJournalBody?> VotesIn(AnchorCluster cluster, int anchor)
    {
        using var journal = Open(cluster, anchor);
        return [.. JournalParts.Join(journal.Replay()).Select(body => EpochJournalBody.Decode(body))];
    }

    private static JournalFile Open(AnchorCluster cluster, int anchor) => JournalFile.Open(new JournalOptions(
        cluster.DataOf(anchor), cluster.Segment.Genesis.ToString(), KidOf(cluster, anchor)));
}
