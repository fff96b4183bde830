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
            store, reopen, new StoreMark(_folder, _time), _segment.Genesis, _time, NullLogger.Instance);
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

    private CertifiedState State(long seq)
    {
        var seal = _segment.SealOf(default, 0, seq, TestSegmentOptions.Start);
        return new CertifiedState(
            _segment.Certify(seal), seal.Value, seal.Digest, LeafState.Start(SparseTree.Empty), null);
    }
}
