using Fairlead.Anchor.Journal;
using Fairlead.Anchor.Tests.Sealing;
using Fairlead.Naming;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Journals that rotate while their anchors seal, and what a restart makes of them (V43, V47).</summary>
public sealed class RotationClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Journals_OverTheLimit_StartAtAnArchivedSealAndAnchorsGoOnAfterARestart()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        await using var cluster = new AnchorCluster("us1.internal", 200) { JournalBytes = 16_384 };
        await using var client = new ClusterClient();
        await cluster.StartAllAsync();
        await SealUntilRotatedAsync(cluster, client, bounded.Token);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(cluster.StopAsync));
        var headers = Enumerable.Range(0, 4).Select(i => HeaderOf(cluster, i)).ToList();
        Assert.Contains(headers, header => header.Last is not null);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(cluster.StartAsync));
        await client.SealAsync(cluster, 1, "after.shop.svc", bounded.Token);
    }

    [Fact]
    [MaliciousInput(82, "store restored: StoreRolledBack (alarm)")]
    public async Task Archive_LostBehindARotatedJournal_IsAnAlarmAndTheStateComesFromTheOthers()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        await using var cluster = new AnchorCluster("us1.internal", 200) { JournalBytes = 16_384 };
        await using var client = new ClusterClient();
        await cluster.StartAllAsync();
        await SealUntilRotatedAsync(cluster, client, bounded.Token);
        await cluster.StopAsync(3);
        LoseArchive(cluster, 3);
        await cluster.StartAsync(3);
        await client.SealAsync(cluster, 3, "after.shop.svc", bounded.Token);
        var status = await Eventually.HoldsAsync(
            () => Task.FromResult(cluster[3].Status("us1-d")), status =>
                status.StoreAlarm is not null, Patience, bounded.Token);
        Assert.StartsWith("the store is ", status.StoreAlarm, StringComparison.Ordinal);
        using var http = new HttpClient();
        Assert.Contains(
            $"StoreRolledBack: {status.StoreAlarm}",
            await http.GetStringAsync($"http://{cluster[3].Admin}/status", bounded.Token), StringComparison.Ordinal);
        await Eventually.HoldsAsync(
            () => Task.FromResult(cluster.Running.Select(
                host => host.Views.Current!.Certified.State.EntryCount).Distinct().Count()),
            counts => counts == 1, Patience, bounded.Token);
    }

    [Fact]
    [MaliciousInput(80, "start without the journal: JournalConflict")]
    public async Task Journal_Lost_IsRefusedThoughTheStoreIsLostToo()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        await cluster.StartAllAsync();
        await cluster.StopAsync(2);
        File.Delete(JournalOf(cluster, 2));
        await RefusedAsync(cluster, 2);
        LoseArchive(cluster, 2);
        await RefusedAsync(cluster, 2);
    }

    /// <summary>The store that took the lost one's place is told of both journals before it holds a state, however the
    /// journals were found.</summary>
    [Fact]
    [MaliciousInput(80, "start without the journal behind a new archive: JournalConflict")]
    public async Task Journal_LostAfterTheArchiveWasReplaced_IsRefused()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        await using var cluster = new AnchorCluster("us1.internal", 200, anchors: 1);
        await using var client = new ClusterClient();
        await cluster.StartAllAsync();
        await cluster.StopAsync(0);

        // At once with the archive: the seal key's journal is there, and what is said of it says nothing of the other.
        LoseArchive(cluster, 0);
        var gov = JournalOf(cluster, 0, cluster.Segment.Gov(0));
        File.Move(gov, gov + ".away");
        await RefusedAsync(cluster, 0);
        LoseArchive(cluster, 0);
        File.Move(gov + ".away", gov);

        await cluster.StartAsync(0);
        await client.SealAsync(cluster, 0, "after.shop.svc", bounded.Token);
        await cluster.StopAsync(0);
        foreach (var journal in new[] { gov, JournalOf(cluster, 0) })
        {
            File.Move(journal, journal + ".away");
            await RefusedAsync(cluster, 0);
            File.Move(journal + ".away", journal);
        }
    }

    [Fact]
    public async Task Journal_LostAfterTheArchiveWasReplacedWhileTheAnchorRan_IsRefused()
    {
        var openings = 0;
        AnchorCluster? made = null;
        await using var cluster = made = new AnchorCluster("us1.internal", 200, anchors: 1)
        {
            ArchiveAs = store =>
            {
                if (Interlocked.Increment(ref openings) > 1)
                {
                    return store;
                }

                LoseArchive(made!, 0);
                return new StoppingStore(store) { CommitsLeft = 0, NeedsReopening = true };
            },
        };
        await cluster.StartAllAsync();
        await Eventually.HoldsAsync(
            () => Task.FromResult(Volatile.Read(ref openings)), count => count > 1, Patience,
            TestContext.Current.CancellationToken);
        await cluster.StopAsync(0);
        File.Delete(JournalOf(cluster, 0));
        await RefusedAsync(cluster, 0);
    }

    private static async Task RefusedAsync(AnchorCluster cluster, int index)
    {
        var refused = await Assert.ThrowsAsync<Fairlead.Hosting.StartException>(() => cluster.StartAsync(index));
        Assert.Contains("JournalConflict", refused.Message, StringComparison.Ordinal);
        Assert.Contains("put the newest data folder back", refused.Message, StringComparison.Ordinal);
    }

    private static void LoseArchive(AnchorCluster cluster, int index)
    {
        foreach (var file in Directory.GetFiles(cluster.DataOf(index), "archive.db*"))
        {
            File.Delete(file);
        }
    }

    private static async Task SealUntilRotatedAsync(
        AnchorCluster cluster, ClusterClient client, CancellationToken cancellationToken)
    {
        for (var i = 0; cluster.Running.Any(host => host.JournalRotations == 0); i++)
        {
            await client.SealAsync(cluster, i % 4, $"name-{i}.shop.svc", cancellationToken);
        }
    }

    private static string JournalOf(AnchorCluster cluster, int index, ISigner? key = null) =>
        Path.Combine(cluster.DataOf(index), (key ?? cluster.Segment.Seal(index)).Key.Kid + ".j");

    private static JournalHeader HeaderOf(AnchorCluster cluster, int index)
    {
        var kid = cluster.Segment.Seal(index).Key.Kid.ToString();
        using var journal =
            JournalFile.Open(new JournalOptions(cluster.DataOf(index), cluster.Segment.Genesis.ToString(), kid));
        return journal.Header;
    }
}
