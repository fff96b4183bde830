using System.Text;
using Fairlead.Anchor.Sealing;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Tree;
using Fairlead.Store;
using Fairlead.Store.Memory;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>A rotated journal has nothing but the archive: a crash leaves the state before or the new one,
/// whole.</summary>
public sealed class ArchiveWriterTests
{
    private readonly TestSegment _segment = new();

    [Theory]
    [InlineData(3, true)]
    [InlineData(250, true)]
    [InlineData(250, false)]
    public async Task Crash_BeforeAnyTransaction_LeavesOldOrNew(int changes, bool areNamed)
    {
        var old = State(1, Enumerable.Range(0, 250).Select(i => ArchivedEntry.Of(i, 1)));
        var names = Enumerable.Range(0, changes).ToList();
        var dropped = ArchivedEntry.Name(249);
        var next = Following(old, 2, names.Where(i => i != 249).Select(i => ArchivedEntry.Of(i, 2)), dropped);
        List<EntryName>? changed = areNamed
            ? [.. names.Select(ArchivedEntry.Name).Union([dropped])]
            : null;
        Exception? failed = new StoreException(StoreError.Unavailable, "not tried");
        for (var left = 0; failed is not null; left++)
        {
            await using var store = new StoppingStore(new MemoryStore(TimeProvider.System));
            await new ArchiveWriter(store, Format).WriteAsync(old, null, Cancelled);
            await AssertHoldsAsync(store, old);
            store.CommitsLeft = left;
            failed = await Xunit.Record.ExceptionAsync(
                () => new ArchiveWriter(store, Format).WriteAsync(next, changed, Cancelled));
            Assert.Equal(store.CommitsLeft < 0, failed is StoreException);
            store.CommitsLeft = int.MaxValue;
            var (seal, _) = (await Format.LoadAsync(store, Cancelled))!.Value;
            var isNew = seal.Payload.Span.SequenceEqual(next.Certificate.Payload.Span);
            Assert.True(isNew || failed is not null);
            await AssertHoldsAsync(store, isNew ? next : old);

            // What was left unfinished is in nobody's way.
            await store.CompactAsync((await store.GetStatusAsync(Cancelled)).Revision, Cancelled);
            await AssertHoldsAsync(store, isNew ? next : old);
            var third = Following(next, 3, [ArchivedEntry.Of(5, 3)]);
            List<EntryName>? since = changed is null ? null : [.. changed.Union([ArchivedEntry.Name(5)])];
            await new ArchiveWriter(store, Format).WriteAsync(third, since, Cancelled);
            await AssertHoldsAsync(store, third);
            await new ArchiveWriter(store, Format).WriteAsync(next, null, Cancelled);
            await AssertHoldsAsync(store, next);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2_000_000)]
    [InlineData(6_000_000)]
    public async Task Write_OfALargeEntry_IsWhatIsLoadedAndGivesWayToASmallOne(int bytes)
    {
        await using var store = new MemoryStore(TimeProvider.System);
        var writer = new ArchiveWriter(store, Format);
        var large = State(1, [ArchivedEntry.Of(1, 1), ArchivedEntry.Large(2, 1, bytes), ArchivedEntry.Of(3, 1)]);
        await writer.WriteAsync(large, null, Cancelled);
        await AssertHoldsAsync(store, large);
        Assert.Equal(
            bytes, (await Format.LoadAsync(store, Cancelled))!.Value.Entries[1].Slices.Sum(slice => slice.Length));
        var small = State(2, [ArchivedEntry.Of(1, 1), ArchivedEntry.Of(2, 2), ArchivedEntry.Of(3, 1)]);
        await writer.WriteAsync(small, [ArchivedEntry.Name(2)], Cancelled);
        await AssertHoldsAsync(store, small);
        await writer.WriteAsync(large, [ArchivedEntry.Name(2)], Cancelled);
        await AssertHoldsAsync(store, large);
    }

    /// <summary>Many changes cost what they are, and not what the state is.</summary>
    [Theory]
    [InlineData(101)]
    [InlineData(250)]
    public async Task Write_OfManyChanges_LeavesTheOtherEntriesAlone(int changes)
    {
        await using var store = new StoppingStore(new MemoryStore(TimeProvider.System));
        var writer = new ArchiveWriter(store, Format);
        var old = State(1, Enumerable.Range(0, 1_500).Select(i => ArchivedEntry.Of(i, 1)));
        await writer.WriteAsync(old, null, Cancelled);
        var next = Following(old, 2, Enumerable.Range(0, changes).Select(i => ArchivedEntry.Of(i, 2)));
        const int plenty = 1_000;
        store.CommitsLeft = plenty;
        await writer.WriteAsync(next, [.. Enumerable.Range(0, changes).Select(ArchivedEntry.Name)], Cancelled);
        Assert.InRange(plenty - store.CommitsLeft, 1, 9);
        await AssertHoldsAsync(store, next);
    }

    /// <summary>A large entry that goes leaves no part behind: nothing writes the others anew.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(101)]
    public async Task Write_WithoutALargeEntry_ForgetsItsParts(int changes)
    {
        await using var store = new MemoryStore(TimeProvider.System);
        var writer = new ArchiveWriter(store, Format);
        var small = Enumerable.Range(1, 200).Select(i => ArchivedEntry.Of(i, 1));
        var old = State(1, [ArchivedEntry.Large(0, 1, 600_000), .. small]);
        await writer.WriteAsync(old, null, Cancelled);
        var names = Enumerable.Range(0, changes).Select(ArchivedEntry.Name).ToList();
        var next = Following(old, 2, [], [.. names]);
        await writer.WriteAsync(next, names, Cancelled);
        await AssertHoldsAsync(store, next);
        var left = await store.RangeAsync(
            new RangeRequest(KeyRange.Prefix(Format.Entries(1))) { CountOnly = true }, Cancelled);
        Assert.Equal(201 - changes, left.Count);
    }

    /// <summary>What many changes supersede goes while they are taken over: all of it need not have room.</summary>
    [Fact]
    public async Task Write_OfManyChanges_IsCompactedInBetween()
    {
        await using var disk = new MemoryStore(TimeProvider.System, new StoreLimits { RangeEntriesMax = 40 });
        await using var store = new FailingStore(disk);
        var writer = new ArchiveWriter(store, Format, uncompactedBytes: 40 * 512);
        var old = State(1, Enumerable.Range(0, 200).Select(i => ArchivedEntry.Of(i, 1)));
        await writer.WriteAsync(old, null, Cancelled);
        await writer.CompactAsync(Cancelled);
        store.Room = 420;
        var next = Following(old, 2, Enumerable.Range(0, 150).Select(i => ArchivedEntry.Of(i, 2)));
        await writer.WriteAsync(next, [.. Enumerable.Range(0, 150).Select(ArchivedEntry.Name)], Cancelled);
        await AssertHoldsAsync(store, next);

        // What was pending has its time, and is to be freed.
        Assert.True(writer.IsDue);
    }

    /// <summary>Nothing of an earlier generation is left for good: the next whole state clears it.</summary>
    [Fact]
    public async Task Crash_BeforeTheOldGenerationIsCleared_OrphansNothing()
    {
        await using var store = new StoppingStore(new MemoryStore(TimeProvider.System));
        var state = State(1, Enumerable.Range(0, 250).Select(i => ArchivedEntry.Of(i, 1)));
        await new ArchiveWriter(store, Format).WriteAsync(state, null, Cancelled);
        store.CommitsLeft = 4; // Three with the entries, and the seal's.
        await Assert.ThrowsAsync<StoreException>(
            () => new ArchiveWriter(store, Format).WriteAsync(State(2, state.State.Entries), null, Cancelled));
        store.CommitsLeft = int.MaxValue;
        Assert.Equal(2, await Format.ReadGenerationAsync(store, Cancelled));
        await new ArchiveWriter(store, Format).WriteAsync(State(3, state.State.Entries), null, Cancelled);
        var left = await store.RangeAsync(
            new RangeRequest(KeyRange.Prefix(Format.Entries(1))) { CountOnly = true }, Cancelled);
        Assert.Equal(0, left.Count);
    }

    [Fact]
    public async Task Load_OfMoreThanAStoreReadsAtOnce_IsAllOfIt()
    {
        await using var store = new MemoryStore(TimeProvider.System, new StoreLimits { RangeEntriesMax = 40 });
        var writer = new ArchiveWriter(store, Format);
        var state = State(1, Enumerable.Range(0, 150).Select(i => ArchivedEntry.Of(i, 1)));
        await writer.WriteAsync(state, null, Cancelled);
        await AssertHoldsAsync(store, state);
        var next = Following(state, 2, Enumerable.Range(0, 120).Select(i => ArchivedEntry.Of(i, 2)));
        await writer.WriteAsync(next, [.. Enumerable.Range(0, 120).Select(ArchivedEntry.Name)], Cancelled);
        await AssertHoldsAsync(store, next);
        await writer.WriteAsync(state, null, Cancelled);
        await AssertHoldsAsync(store, state);
    }

    [Fact]
    public async Task Load_OfWhatIsNoArchive_IsNothing()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        Assert.Null(await Format.LoadAsync(store, Cancelled));
        await store.CommitAsync(
            new Transaction { Success = [new Operation.Put(Format.Newest, "nonsense"u8.ToArray())] }, Cancelled);
        Assert.Null(await Format.LoadAsync(store, Cancelled));
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private ArchiveFormat Format => new(_segment.Genesis);

    private async Task AssertHoldsAsync(IStore store, CertifiedState state)
    {
        var (seal, entries) = (await Format.LoadAsync(store, Cancelled))!.Value;
        Assert.True(seal.Payload.Span.SequenceEqual(state.Certificate.Payload.Span));
        Assert.Equal(
            state.State.Entries.Select(entry => Encoding.ASCII.GetString(entry.Source.Document.Payload.Span)),
            entries.Select(entry => Encoding.ASCII.GetString(entry.Document.Payload.Span)));
    }

    private CertifiedState State(long seq, IEnumerable<Entry> entries) =>
        Certified(seq, LeafState.Start(SparseTree.Empty).Apply(entries, []));

    private CertifiedState Following(
        CertifiedState before, long seq, IEnumerable<Entry> puts, params IReadOnlyList<EntryName> drops) =>
        Certified(seq, before.State.Apply(puts, drops));

    private CertifiedState Certified(long seq, LeafState state)
    {
        var seal = SealOf(seq);
        return new CertifiedState(_segment.Certify(seal), seal.Value, seal.Digest, state, null);
    }

    private Parsed<Seal> SealOf(long seq) => _segment.SealOf(default, 0, seq, TestSegmentOptions.Start);
}
