using System.Globalization;
using Fairlead.Governance.Tests.Seals;
using Fairlead.Naming;
using Fairlead.Naming.Tree;
using Xunit;

namespace Fairlead.Governance.Tests.Entries;

public sealed class LeafStateTests
{
    private const int Many = 100_000;
    private static readonly string[] Names = ["b.shop.svc", "d.shop.svc", "f.shop.svc", "h.shop.svc"];

    private readonly EngineBench _bench = new();

    [Theory]
    [InlineData(null, 10, "b d f h")]
    [InlineData(null, 2, "b d")]
    [InlineData("b", 2, "d f")]
    [InlineData("c", 2, "d f")]
    [InlineData("a", 1, "b")]
    [InlineData("f", 10, "h")]
    [InlineData("h", 10, "")]
    [InlineData("z", 10, "")]
    [InlineData(null, 0, "")]
    public void Page_BehindAName_HeldOrNot_GoesOnThere(string? after, int limit, string expected)
    {
        EntryName? start = after is null ? null : new EntryName(LeafClass.Record, after + ".shop.svc");
        var page = State().Page(start, limit).Select(entry => entry.LeafName.Split('.')[0]);
        Assert.Equal(expected, string.Join(' ', page));
    }

    [Fact]
    public void Apply_SameName_ReplacesTheEntryAndTheLeaf()
    {
        var before = State();
        var newer = _bench.Read(_bench.Sign(_bench.Record(Names[1], _bench.Now + 1)));
        var after = before.Apply([newer], []);
        Assert.Equal(4, after.EntryCount);
        Assert.Equal(4, after.Tree.Count);
        Assert.Same(newer, after.Find(newer.Name));
        Assert.NotSame(newer, before.Find(newer.Name));
        Assert.NotEqual(before.Tree.Root, after.Tree.Root);
    }

    [Fact]
    public void Apply_DropOfAHeldAndAnUnknownName_TakesOutTheHeldOne()
    {
        var gone = new EntryName(LeafClass.Record, Names[0]);
        var after = State().Apply([], [gone, new EntryName(LeafClass.Record, "x.shop.svc")]);
        Assert.Null(after.Find(gone));
        Assert.Equal((3, 3), (after.EntryCount, after.Tree.Count));
    }

    [Fact]
    public void After_AnyName_IsWhatAFilterFinds()
    {
        var state = Of(50);
        var all = state.Entries.ToList();
        Assert.Equal(all.Select(entry => entry.Name).Order(), all.Select(entry => entry.Name));
        var names = all.Select(entry => entry.Name).Concat(
        [
            new EntryName(LeafClass.Record, "a"), new EntryName(LeafClass.Record, "n-00020x"),
            new EntryName(LeafClass.Bundle, "z"),
        ]);
        Assert.All(names, name => Assert.Equal(all.Where(entry => entry.Name > name), state.After(name)));
        Assert.Equal(all, state.After(null));
        Assert.Equal(all.Skip(8).Take(3), state.Page(all[7].Name, 3));
    }

    [Fact]
    public void PageAndChange_AmongManyEntries_CostWhatTheyDoAmongFew()
    {
        // Bytes allocated are the work that a page or a change does, and the same in every run.
        var few = Of(1_000);
        var many = Of(Many);
        var last = new EntryName(LeafClass.Record, Name(Many - 600));
        Assert.Equal(500, many.Page(last, 500).Count);
        var first = Allocated(() => many.Page(null, 500));
        var end = Allocated(() => many.Page(last, 500));
        Assert.InRange(end, 0, first * 2);

        var put = Entry(Name(777), 2, "new");
        var small = Allocated(() => few.Apply([put], []));
        var large = Allocated(() => many.Apply([put], []));
        Assert.InRange(large, 0, small * 3);
    }

    private LeafState State() => LeafState.Start(SparseTree.Empty)
        .Apply(Names.Reverse().Select(name => _bench.Read(_bench.Sign(_bench.Record(name)))), []);

    private static long Allocated(Func<object> work)
    {
        work();
        var before = GC.GetAllocatedBytesForCurrentThread();
        GC.KeepAlive(work());
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static LeafState Of(int count) =>
        LeafState.Start(SparseTree.Empty)
            .Apply(Enumerable.Range(0, count).Select(i => Entry(Name(i), 1, $"slice {i}")), []);

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"n-{number:D6}.shop.svc");

    private static Digest DigestOf(string text) => Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(text));

    private static Entry Entry(string name, long version, params string[] slices) => new()
    {
        Name = new EntryName(LeafClass.Record, name),
        Source = new SignedEntry(
            "record",
            new Envelope(System.Text.Encoding.ASCII.GetBytes(name), []),
            [.. slices.Select(slice => new ReadOnlyMemory<byte>(System.Text.Encoding.ASCII.GetBytes(slice)))]),
        Digest = DigestOf($"{name} {version}"),
        Version = version,
        Rank = 0,
        Expires = 10,
        Issued = version,
        Publisher = default,
        Uid = null,
        LeafClass = LeafClass.Record,
        LeafName = name,
        Leaf = default,
        Key = DigestOf(name),
        Commitment = DigestOf($"{name} {version}"),
    };
}
