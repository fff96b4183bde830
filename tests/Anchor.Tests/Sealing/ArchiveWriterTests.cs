using System.Globalization;
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
        var old = State(1, Enumerable.Range(0, 250).Select(i => Entry(i, 1)));
        var names = Enumerable.Range(0, changes).ToList();
        var dropped = new EntryName(LeafClass.Record, Name(249));
        var next = new CertifiedState(
            _segment.Certify(SealOf(2)), SealOf(2).Value, SealOf(2).Digest,
            old.State.Apply(names.Where(i => i != 249).Select(i => Entry(i, 2)), [dropped]), null);
        List<EntryName>? changed = areNamed
            ? [.. names.Select(i => new EntryName(LeafClass.Record, Name(i))), dropped]
            : null;
        var isNew = false;
        for (var left = 0; !isNew; left++)
        {
            await using var store = new StoppingStore(new MemoryStore(TimeProvider.System));
            await new ArchiveWriter(store, Format).WriteAsync(old, null, Cancelled);
            await AssertHoldsAsync(store, old);
            store.CommitsLeft = left;
            var failed =
                await Xunit.Record.ExceptionAsync(
                    () => new ArchiveWriter(store, Format).WriteAsync(next, changed, Cancelled));
            Assert.Equal(store.CommitsLeft < 0, failed is StoreException);
            store.CommitsLeft = int.MaxValue;
            var (seal, _) = (await Format.LoadAsync(store, Cancelled))!.Value;
            isNew = seal.Payload.Span.SequenceEqual(next.Certificate.Payload.Span);
            await AssertHoldsAsync(store, isNew ? next : old);

            // What was left unfinished is in nobody's way.
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
        var large = State(1, [Entry(1, 1), Large(2, bytes), Entry(3, 1)]);
        await writer.WriteAsync(large, null, Cancelled);
        await AssertHoldsAsync(store, large);
        Assert.Equal(
            bytes, (await Format.LoadAsync(store, Cancelled))!.Value.Entries[1].Slices.Sum(slice => slice.Length));
        var small = State(2, [Entry(1, 1), Entry(2, 2), Entry(3, 1)]);
        await writer.WriteAsync(small, [new EntryName(LeafClass.Record, Name(2))], Cancelled);
        await AssertHoldsAsync(store, small);
        await writer.WriteAsync(large, [new EntryName(LeafClass.Record, Name(2))], Cancelled);
        await AssertHoldsAsync(store, large);
    }

    [Fact]
    public async Task Load_OfMoreThanAStoreReadsAtOnce_IsAllOfIt()
    {
        await using var store = new MemoryStore(TimeProvider.System, new StoreLimits { RangeEntriesMax = 7 });
        var state = State(1, Enumerable.Range(0, 100).Select(i => Entry(i, 1)));
        await new ArchiveWriter(store, Format).WriteAsync(state, null, Cancelled);
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

    private CertifiedState State(long seq, IEnumerable<Entry> entries)
    {
        var seal = SealOf(seq);
        return new CertifiedState(
            _segment.Certify(seal), seal.Value, seal.Digest, LeafState.Start(SparseTree.Empty)
                .Apply(entries, []), null);
    }

    private Parsed<Seal> SealOf(long seq) => _segment.SealOf(default, 0, seq, TestSegmentOptions.Start);

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"n{number:D3}.shop.svc");

    private static Entry Large(int number, int bytes) => Entry(number, 1, [.. new byte[bytes].Chunk(50_000)
        .Select(chunk => new ReadOnlyMemory<byte>(chunk))]);

    private static Entry Entry(int number, long version, IReadOnlyList<ReadOnlyMemory<byte>>? slices = null)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Name(number)} {version}");
        return new Entry
        {
            Name = new EntryName(LeafClass.Record, Name(number)),
            Source = new SignedEntry(
                "record",
                new Envelope(Encoding.ASCII.GetBytes(text), [new SignatureEntry(Digest.Sha256("kid"u8), new byte[64])]),
                slices ?? []),
            Digest = Digest.Sha256(Encoding.ASCII.GetBytes(text)),
            Version = version,
            Rank = 0,
            Expires = 10,
            Issued = version,
            Publisher = default,
            Uid = null,
            LeafClass = LeafClass.Record,
            LeafName = Name(number),
            Leaf = default,
            Key = Digest.Sha256(Encoding.ASCII.GetBytes(Name(number))),
            Commitment = Digest.Sha256(Encoding.ASCII.GetBytes(text)),
        };
    }
}
