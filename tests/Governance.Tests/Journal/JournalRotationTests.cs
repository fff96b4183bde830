using Fairlead.Governance.Tests.Epochs;
using Fairlead.Naming;
using Fairlead.Simulator;
using Xunit;

namespace Fairlead.Governance.Tests.Journal;

/// <summary>A new file of the seal journal and the archive hold together all that binds the key (V43).</summary>
public sealed class JournalRotationTests
{
    /// <summary>The archive is behind: it holds a seal before the newest certified one.</summary>
    [Fact]
    public void SignedAbove_AnArchivedSeal_HoldsWhatNewerCertifiedOnesCover()
    {
        var cluster = new Cluster();
        cluster.Run(500);
        var archived = Seal(cluster, "a.shop.svc");
        Seal(cluster, "b.shop.svc");
        var newest = Seal(cluster, "c.shop.svc");
        foreach (var id in cluster.World.Ids)
        {
            var engine = cluster.Engines[id];
            var carried = engine.SignedAbove(archived.Seal.Epoch, archived.Seal.Seq);
            Assert.NotNull(carried);
            Assert.Equal(
                cluster.Of<SegmentOutput.SealJournal>(id).Select(output => SeqOf(output.Body))
                    .Where(seq => seq > archived.Seal.Seq),
                carried.Select(body => SeqOf(body)));

            // A crash: both entries bind what is signed next, as before it.
            var disk = new Disk();
            disk.SealJournal.AddRange(carried.Select(body => new ReadOnlyMemory<byte>(body)));
            disk.Archive(archived.Seal.Epoch, archived);
            var again = new SegmentEngine(cluster.World.SegmentOptions(id, disk), cluster.Now);
            Assert.Equal((engine.Seals.LastSigned, 2), (again.Seals.LastSigned, again.Seals.Pending));

            engine.Archived(newest.Seal.Epoch, newest.Seal.Seq);
            Assert.Single(engine.SignedAbove(archived.Seal.Epoch, archived.Seal.Seq)!);
        }
    }

    private static long SeqOf(ReadOnlyMemory<byte> body)
    {
        Assert.True(StateClaim.TryParse(JournalBody.SealOf(body), out var claim, out _));
        return claim.Seq;
    }

    private static CertifiedState Seal(Cluster cluster, string name)
    {
        cluster.Publish(cluster.Record(cluster.World.Publisher, name), cluster.Now);
        cluster.Run(100);
        var newest = cluster.First.Newest!;
        Assert.NotNull(newest.State.Find(new EntryName(LeafClass.Record, name)));
        return newest;
    }
}
