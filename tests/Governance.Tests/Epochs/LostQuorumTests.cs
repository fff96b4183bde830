using Fairlead.Simulator;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>Where too few anchors are there to certify anything, those who are there journal each change once, however
/// many slots fail over it, and find it again after a restart.</summary>
public sealed class LostQuorumTests
{
    [Fact]
    public void Journal_OfSlotsThatFail_HoldsEachChangeOnce()
    {
        var cluster = new Cluster();
        cluster.Run(2_000);
        cluster.Agree(1);
        var (leader, follower) = (cluster.World.Ids[0], cluster.World.Ids[1]);
        Assert.Equal(leader, cluster.First.Seals.Leader);
        cluster.Away(cluster.World.Ids[2], true);
        cluster.Away(cluster.World.Ids[3], true);
        var before = cluster.Of<SegmentOutput.SealJournal>(leader).Count();
        var entries = new List<SignedEntry>();
        for (var i = 0; i < 8; i++)
        {
            entries.Add(cluster.Record(cluster.World.Publisher, $"n{i}.shop.svc"));
            cluster.Publish(entries[^1], i);
            cluster.Run(200);
        }

        cluster.Run(4_000);
        foreach (var id in new[] { leader, follower })
        {
            var journal = cluster.Of<SegmentOutput.SealJournal>(id).Select(output => output.Body).ToList();
            Assert.True(journal.Count >= before + 30);
            Assert.All(entries, entry => Assert.Single(
                journal, body => body.Span.IndexOf(entry.Document.Payload.Span) >= 0));
        }

        // Those who have it all in their journals alone bring it to the others when these are back.
        foreach (var id in new[] { leader, follower })
        {
            var disk = new Disk();
            disk.SealJournal.AddRange(cluster.Of<SegmentOutput.SealJournal>(id).Select(output => output.Body));
            var (signed, pending) = (cluster.Engines[id].Seals.LastSigned, cluster.Engines[id].Seals.Pending);
            var again = new SegmentEngine(cluster.World.SegmentOptions(id, disk), cluster.Now);
            Assert.Equal((signed, pending), (again.Seals.LastSigned, again.Seals.Pending));
            Assert.False(again.Seals.IsHalted);
            cluster.Engines[id] = again;
            cluster.Give(id, new SegmentInput.Tick());
        }

        cluster.Away(cluster.World.Ids[2], false);
        cluster.Away(cluster.World.Ids[3], false);
        cluster.Run(30_000);
        cluster.Agree(1);
        Assert.Equal(entries.Count, cluster.First.Seals.Newest!.State.EntryCount);
    }
}
