using System.Collections.Concurrent;
using Fairlead.Anchor.Sealing;
using Fairlead.Governance;
using Fairlead.Naming.Tree;
using Fairlead.Store;
using Fairlead.Store.Memory;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>What the archive does about a store that fails.</summary>
public sealed class ArchiveTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-archive-").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly TestSegment _segment = new();
    private readonly List<FailingStore> _opened = [];
    private readonly ConcurrentQueue<long> _written = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>As after a commit of which nobody knows what the disk holds.</summary>
    [Fact]
    public async Task Store_ThatAnswersNothingAnyMore_IsOpenedAnew()
    {
        await using var disk = new MemoryStore(TimeProvider.System);
        var first = Open(disk);
        first.Failure = new StoreException(StoreError.Unavailable, "SQLite error 1034") { NeedsReopening = true };
        await using (var archive = Archive(first, _ => Task.FromResult<IStore>(Open(disk))))
        {
            archive.Enqueue(State(1));
            await UntilAsync(() => !_written.IsEmpty && archive.Failure is null);
            Assert.Equal([1], _written);
            Assert.Equal((2, 1), (_opened.Count, first.Closed));
        }

        Assert.NotNull(await new ArchiveFormat(_segment.Genesis).LoadAsync(disk, Cancelled));
    }

    [Fact]
    public async Task Store_ThatCannotBeOpenedAnew_IsTriedAgain()
    {
        await using var disk = new MemoryStore(TimeProvider.System);
        var first = Open(disk);
        first.Failure = new StoreException(StoreError.Unavailable, "over") { NeedsReopening = true };
        var tries = 0;
        await using var archive = Archive(first, _ => ++tries < 3
            ? Task.FromException<IStore>(new StoreException(StoreError.Locked, "held"))
            : Task.FromResult<IStore>(Open(disk)));
        archive.Enqueue(State(1));
        await UntilAsync(() => !_written.IsEmpty);
        Assert.Equal(3, tries);
    }

    /// <summary>A full disk is told until there is room, and the same opening goes on.</summary>
    [Fact]
    public async Task Store_ThatIsFull_IsToldSinceWhen_AndGoesOnWhereItWas()
    {
        await using var disk = new MemoryStore(TimeProvider.System);
        var store = Open(disk);
        store.Failure = new StoreException(StoreError.Unavailable, "no space left for archive.db");
        await using var archive = Archive(store, _ => throw new InvalidOperationException("it needs no new opening"));
        Assert.Null(archive.Failure);
        var before = _time.GetUtcNow().ToUnixTimeMilliseconds();
        archive.Enqueue(State(1));
        await UntilAsync(() => archive.Failure is not null);
        var since = archive.Failure!.Since;
        Assert.InRange(since, before, _time.GetUtcNow().ToUnixTimeMilliseconds());
        Assert.Contains("no space left", archive.Failure.Reason, StringComparison.Ordinal);
        archive.Enqueue(State(2));
        var tries = store.Tries;
        await UntilAsync(() => store.Tries > tries + 2);
        Assert.Equal(since, archive.Failure!.Since);

        store.Failure = null;
        await UntilAsync(() => archive.Failure is null);
        Assert.Equal([2], _written);
    }

    /// <summary>Nobody reads the versions before: where they are all that fills the disk, they go.</summary>
    [Fact]
    public async Task Store_ThatIsFullOfEarlierVersions_IsFreedOfThem()
    {
        await using var disk = new MemoryStore(TimeProvider.System);
        var store = Open(disk);
        store.Room = 40;
        await using var archive = Archive(store, _ => throw new InvalidOperationException("it needs no new opening"));
        for (var seq = 1; seq <= 25; seq++)
        {
            archive.Enqueue(State(seq));
            await UntilAsync(() => _written.Count == seq && archive.Failure is null);
        }

        Assert.Equal(Enumerable.Range(1, 25).Select(seq => (long)seq), _written);
    }

    /// <summary>What the failed write has left is live, and is not waited for: with room for the state and for what is
    /// written of it beside it, the next try succeeds.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Store_ThatWasFullInTheMiddleOfAWrite_NeedsNoRoomForWhatItLeft(bool isWhole)
    {
        await using var disk = new MemoryStore(TimeProvider.System, new StoreLimits { RangeEntriesMax = 40 });
        var store = Open(disk);
        await using var archive = Archive(store, _ => throw new InvalidOperationException("it needs no new opening"));
        archive.Enqueue(State(1, Entries(200, 0), changed: null));
        await UntilAsync(() => _written.Count == 1);
        store.Room = 330;
        List<EntryName>? changed = isWhole ? null : [.. Enumerable.Range(0, 150).Select(ArchivedEntry.Name)];
        archive.Enqueue(State(2, Entries(200, 150), changed));
        await UntilAsync(() => archive.Failure is not null);
        var tries = store.Tries;
        store.Room = 420;
        await UntilAsync(() => _written.Count == 2 || store.Tries > tries + 40);
        Assert.Equal([1, 2], _written);
    }

    /// <summary>By bytes and not by seals alone: earlier versions of a large state would fill a disk in
    /// between.</summary>
    [Fact]
    public async Task Store_AfterManyBytes_IsCompacted()
    {
        await using var disk = new MemoryStore(TimeProvider.System);
        await using (var archive = Archive(Open(disk), _ => throw new InvalidOperationException("nothing failed")))
        {
            var state = State(1, Large(1), changed: null);
            archive.Enqueue(state);
            await UntilAsync(() => _written.Count == 1);
            archive.Enqueue(State(2, Large(2), [.. state.State.Entries.Select(entry => entry.Name)]));
            await UntilAsync(() => _written.Count == 2);
            archive.Enqueue(State(3, Large(2), []));
            await UntilAsync(() => _written.Count == 3);
        }

        var status = await disk.GetStatusAsync(Cancelled);
        Assert.Equal(status.Revision - 1, status.CompactedRevision);
    }

    /// <summary>What a failed write was to hold is written with the next state, and nothing else is.</summary>
    [Fact]
    public async Task Changes_OfAWriteThatFailed_AreInTheNext()
    {
        await using var disk = new MemoryStore(TimeProvider.System);
        var store = Open(disk);
        await using (var archive = Archive(store, _ => throw new InvalidOperationException("it needs no new opening")))
        {
            archive.Enqueue(State(1, Entries(200, 0), changed: null));
            await UntilAsync(() => _written.Count == 1);
            store.Failure = new StoreException(StoreError.Unavailable, "no space left for archive.db");
            var tries = store.Tries;
            archive.Enqueue(State(2, Entries(200, 1), [ArchivedEntry.Name(0)]));
            await UntilAsync(() => store.Tries > tries);
            store.Failure = null;
            archive.Enqueue(State(3, Entries(200, 2), [ArchivedEntry.Name(1)]));
            await UntilAsync(() => _written.LastOrDefault() == 3);
        }

        var (_, entries) = (await new ArchiveFormat(_segment.Genesis).LoadAsync(disk, Cancelled))!.Value;
        Assert.Equal(
            Entries(200, 2).Select(entry => entry.Source.Document.Payload.ToArray()),
            entries.Select(entry => entry.Document.Payload.ToArray()));
        Assert.Equal(1, await new ArchiveFormat(_segment.Genesis).ReadGenerationAsync(disk, Cancelled));
    }

    private static IEnumerable<Entry> Entries(int count, int changed) =>
        Enumerable.Range(0, count).Select(i => ArchivedEntry.Of(i, i < changed ? 2 : 1));

    private static IEnumerable<Entry> Large(long version) =>
        Enumerable.Range(0, 9).Select(i => ArchivedEntry.Large(i, version, 400_000));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private FailingStore Open(IStore disk)
    {
        var store = new FailingStore(disk);
        _opened.Add(store);
        return store;
    }

    private Archive Archive(IStore store, Func<CancellationToken, Task<IStore>> reopen)
    {
        var archive = new Archive(
            store, reopen, new StoreMark(_folder, _time), _segment.Genesis, _time, NullLogger.Instance,
            uncompactedBytes: 3_000_000);
        archive.Written += state => _written.Enqueue(state.Seal.Seq);
        return archive;
    }

    private Task UntilAsync(Func<bool> holds) => Eventually.HoldsAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            return Task.FromResult(holds());
        },
        isSo => isSo, Patience, Cancelled);

    private CertifiedState State(
        long seq, IEnumerable<Entry>? entries = null, IReadOnlyList<EntryName>? changed = null)
    {
        var seal = _segment.SealOf(default, 0, seq, TestSegmentOptions.Start);
        return new CertifiedState(
            _segment.Certify(seal), seal.Value, seal.Digest,
            LeafState.Start(SparseTree.Empty).Apply(entries ?? [], []), changed);
    }
}
