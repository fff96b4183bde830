using Fairlead.Anchor.Sealing;
using Fairlead.Anchor.Tests.Sealing;
using Fairlead.Naming.Traversal;
using Fairlead.Store.Sqlite;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Push before store: what is certified is served while the archive takes nothing, and is not lost with it,
/// since the journal holds it.</summary>
public sealed class FailingStoreTests
{
    [Fact]
    public async Task Seals_WhileTheArchiveTakesNothing_ArePushedAndOutliveARestart()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(TimeSpan.FromMinutes(4));
        var isFailing = true;
        await using var cluster = new AnchorCluster("us1.internal", 200, ClusterClient.Subjects, anchors: 1)
        {
            ArchiveAs = store => new StoppingStore(store) { CommitsLeft = isFailing ? 0 : int.MaxValue },
            JournalBytes = 4096,
        };
        await using var client = new ClusterClient();
        await cluster.StartAllAsync();
        for (var i = 0; i < 8; i++)
        {
            await client.SealAsync(cluster, 0, $"n{i}.shop.svc", bounded.Token);
            await ServedAsync(cluster, client, $"n{i}", bounded.Token);
        }

        // No state is archived, so that the journal is still needed as a whole though it is longer than it should be.
        Assert.Equal(0, cluster[0].JournalRotations);
        await cluster.StopAsync(0);
        await using (var store = await SqliteStore.OpenAsync(
            new SqliteStoreOptions(Path.Combine(cluster.DataOf(0), "archive.db")), bounded.Token))
        {
            Assert.Null(await new ArchiveFormat(cluster.Segment.Genesis).LoadAsync(store, bounded.Token));
        }

        isFailing = false;
        await cluster.StartAsync(0);
        await ServedAsync(cluster, client, "n0", bounded.Token);
        await ServedAsync(cluster, client, "n7", bounded.Token);
    }

    private static async Task ServedAsync(
        AnchorCluster cluster, ClusterClient client, string name, CancellationToken cancellationToken)
    {
        var verdict = await client.ResolveAsync(cluster, 0, $"{name}.shop.svc.us1.internal", cancellationToken);
        Assert.Equal(Outcome.Record, Assert.IsType<Verdict.Accepted>(verdict).Answer.Outcome);
    }
}
