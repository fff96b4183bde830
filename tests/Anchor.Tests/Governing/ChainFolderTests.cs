using Fairlead.Anchor.Governing;
using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Anchor.Tests.Sealing;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Protocol.Files;

namespace Fairlead.Anchor.Tests.Governing;

/// <summary>What an anchor keeps of its chain has no end but the chain's own, and an epoch costs what an epoch
/// costs.</summary>
public sealed class ChainFolderTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-chain-").FullName;
    private readonly AnchorCluster _cluster = new("us1.internal", 200, anchors: 1);
    private readonly SegmentFile _whole;

    public ChainFolderTests()
    {
        for (var i = 0; i < (2 * ChainFolder.EpochsPerFile) + 5; i++)
        {
            _cluster.Segment.Advance(OpType.Renew);
        }

        _whole = _cluster.ToFile();
    }

    private long Now => _cluster.Segment.Newest.Value.Issued;

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Chain_IsReadAsItWasKept_AfterEachEpochAndARestart()
    {
        var writing = new ChainFolder(_folder);
        for (var epochs = 2; epochs <= _whole.Epochs.Length; epochs++)
        {
            var first = File.Exists(PathOf("chain.state")) ? File.ReadAllBytes(PathOf("chain.state")) : [];
            var ground = Ground(epochs);
            writing.Keep(ground, null);
            writing.Keep(ground, null);
            if (epochs > ChainFolder.EpochsPerFile)
            {
                Assert.Equal(first, File.ReadAllBytes(PathOf("chain.state")));
            }

            if (epochs % 16 < 2)
            {
                var reading = new ChainFolder(_folder);
                Assert.Equal(Bytes(ground.File), Bytes(reading.Newest(Ground(1), Now).File));
                writing = reading;
            }
        }

        Assert.Equal(3, Directory.EnumerateFiles(_folder, "chain*.state").Count());
    }

    /// <summary>One that was kept as one file of any length, or is behind a newer segment file, goes on from
    /// there.</summary>
    [Fact]
    public void Chain_OfOneLongFile_GoesOnBehindIt()
    {
        new ChainFolder(_folder).Keep(Ground(100), null);
        var folder = new ChainFolder(_folder);
        Assert.Equal(110, folder.Newest(Ground(110), Now).Epochs.Length);
        folder.Keep(Ground(111), null);
        Assert.Equal(111, new ChainFolder(_folder).Newest(Ground(1), Now).Epochs.Length);
        Assert.True(File.Exists(PathOf("chain-100.state")));
    }

    [Fact]
    public void Chain_OfLargeEpochs_BeginsFilesByTheirBytes()
    {
        const int most = 20_000;
        var folder = new ChainFolder(_folder, most);
        for (var epochs = 2; epochs <= 40; epochs++)
        {
            folder.Keep(Ground(epochs), null);
        }

        var files = Directory.GetFiles(_folder, "chain*.state");
        Assert.InRange(files.Length, 2, 39);
        var epoch = Bytes(Ground(41).File).Length - Bytes(Ground(40).File).Length;
        Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, most + (2 * epoch)));
        Assert.Equal(Bytes(Ground(40).File), Bytes(new ChainFolder(_folder).Newest(Ground(1), Now).File));
    }

    [Fact]
    public void Chain_WithAPartOfAnother_IsNotStartedFrom()
    {
        new ChainFolder(_folder).Keep(Ground(64), null);
        File.Copy(PathOf("chain.state"), PathOf("chain-64.state"));
        Assert.Throws<StartException>(() => new ChainFolder(_folder).Newest(Ground(1), Now));
    }

    /// <summary>A part that is gone is no end of the chain: an anchor would start many epochs back.</summary>
    [Theory]
    [InlineData("chain.state")]
    [InlineData("chain-64.state")]
    public void Chain_WithAHole_IsNotStartedFrom(string missing)
    {
        var writing = new ChainFolder(_folder);
        foreach (var epochs in new[] { 64, 128, 130 })
        {
            writing.Keep(Ground(epochs), null);
        }

        Assert.Equal(3, Directory.EnumerateFiles(_folder, "chain*.state").Count());
        File.Delete(PathOf(missing));
        var refused = Assert.Throws<StartException>(() => new ChainFolder(_folder).Newest(Ground(1), Now));
        Assert.Contains($"{missing} is missing", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A state has no end: where one file does not hold the entries that are handed over, several do, and
    /// those of the handover before go.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(10, 1)]
    [InlineData(100, 4)]
    public void Handover_OfAnyState_IsReadAsItWasKept(int count, int files)
    {
        var folder = new ChainFolder(_folder, pageBytes: 400);
        folder.Keep(Ground(2), [.. Enumerable.Range(0, 100).Select(i => ArchivedEntry.Of(i, 1).Source)]);
        var ground = Ground(3);
        var entries = Enumerable.Range(0, count).Select(i => ArchivedEntry.Of(i, 2).Source).ToList();
        folder.Keep(ground, entries);
        Assert.Equal(files, Directory.GetFiles(_folder, "handover-*").Length);
        Assert.Null(folder.EntriesOf(HandoverOf(Ground(2))));
        var read = new ChainFolder(_folder).EntriesOf(HandoverOf(ground));
        Assert.Equal(
            entries.Select(entry => entry.Document.Payload.ToArray()),
            read!.Select(entry => entry.Document.Payload.ToArray()));
    }

    /// <summary>A part of a state is none: it is fetched from the others.</summary>
    [Fact]
    public void Handover_WithoutOneOfItsFiles_IsNotInHand()
    {
        var ground = Ground(2);
        var folder = new ChainFolder(_folder, pageBytes: 400);
        folder.Keep(ground, [.. Enumerable.Range(0, 100).Select(i => ArchivedEntry.Of(i, 1).Source)]);
        foreach (var path in Directory.GetFiles(_folder, "handover-*"))
        {
            var content = File.ReadAllBytes(path);
            File.Delete(path);
            Assert.Null(folder.EntriesOf(HandoverOf(ground)));
            File.WriteAllBytes(path, content);
        }

        Assert.Equal(100, folder.EntriesOf(HandoverOf(ground))!.Count);
        var kept = PathOf($"handover-{HandoverOf(ground)}");
        File.Copy($"{kept}-1.state", $"{kept}-2.state", overwrite: true);
        Assert.Null(folder.EntriesOf(HandoverOf(ground)));
    }

    private static Digest HandoverOf(SegmentGround ground) =>
        Handover.Type.DigestOf(ground.Handover!.Payload.Span);

    private static byte[] Bytes(SegmentFile file) => file.Encode();

    private string PathOf(string name) => Path.Combine(_folder, name);

    private SegmentGround Ground(int epochs)
    {
        var file = _whole with
        {
            Epochs = _whole.Epochs[..epochs],
            Manifests = _whole.Manifests[..epochs],
            Leaves = _whole.Leaves[..epochs],
            Handovers = _whole.Handovers[..(epochs - 1)],
        };
        Assert.Null(SegmentGround.Verify(file, Now, out var ground));
        return ground!;
    }
}
