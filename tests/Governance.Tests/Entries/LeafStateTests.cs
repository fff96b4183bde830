using Fairlead.Governance.Tests.Seals;
using Fairlead.Naming;
using Fairlead.Naming.Tree;
using Xunit;

namespace Fairlead.Governance.Tests.Entries;

/// <summary>Listing a state by pages, and that a change replaces exactly the entry of its name.</summary>
public sealed class LeafStateTests
{
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

    private LeafState State() => LeafState.Start(SparseTree.Empty)
        .Apply(Names.Reverse().Select(name => _bench.Read(_bench.Sign(_bench.Record(name)))), []);
}
