using System.Globalization;
using Fairlead.Naming;
using Fairlead.Naming.Tree;
using Xunit;

namespace Fairlead.Governance.Tests.Entries;

public sealed class LeafStateTests
{
    private const int Many = 100_000;

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
    public void FindSlice_FollowsItsRecord()
    {
        var first = Entry("a.b.svc", 1, "one", "two");
        var second = Entry("a.b.svc", 2, "two", "three");
        var state = LeafState.Start(SparseTree.Empty).Apply([first], []);
        Assert.Equal("two", Text(state.FindSlice(DigestOf("two"))));
        state = state.Apply([second], []);
        Assert.Equal(
            [null, "two", "three"],
            new[] { "one", "two", "three" }.Select(slice => Text(state.FindSlice(DigestOf(slice)))));
        state = state.Apply([], [second.Name]);
        Assert.Null(state.FindSlice(DigestOf("two")));
        Assert.Equal((0, 0L), (state.EntryCount, state.Tree.Count));
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

    private static string? Text(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } text ? System.Text.Encoding.ASCII.GetString(text.Span) : null;

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
        SliceDigests = [.. slices.Select(DigestOf)],
    };
}
