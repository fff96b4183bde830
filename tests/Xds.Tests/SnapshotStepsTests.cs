using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>What a stream is told to look at after a few snapshots, and when it has to look at everything.</summary>
public sealed class SnapshotStepsTests
{
    private readonly ResourceSnapshot _start = ResourceSnapshot.Unprimed.ToBuilder().MarkPrimed().Build();

    [Fact]
    public void Changes_OfAllStepsBetween_AreTold()
    {
        var one = _start.ToBuilder().Set(Endpoints("a", 1)).Build();
        var two = one.ToBuilder().Set(Endpoints("b", 1)).Remove(ResourceType.Cluster, "c").Build();
        Assert.Equal(["cds c", "eds a", "eds b"], Told(two, _start)!.Order(StringComparer.Ordinal));
        Assert.Equal(["cds c", "eds b"], Told(two, one)!.Order(StringComparer.Ordinal));
        Assert.Empty(Told(two, two)!);
    }

    [Fact]
    public void Snapshot_ThatComesFromAnother_TellsNothing()
    {
        var one = _start.ToBuilder().Build();
        var other = _start.ToBuilder().Set(Endpoints("a", 1)).Build();
        Assert.Equal(one.Sequence, other.Sequence);
        Assert.Null(Told(other.ToBuilder().Build(), one));
        Assert.Null(Told(one, other));
        Assert.Null(Told(_start, ResourceSnapshot.Unprimed));
    }

    [Fact]
    public void Steps_BeyondWhatIsKept_TellNothing()
    {
        var last = _start;
        for (var i = 0; i < 31; i++)
        {
            last = last.ToBuilder().Set(Endpoints("a", i + 1)).Build();
        }

        Assert.Equal(31, Told(last, _start)!.Count());
        Assert.Null(Told(last.ToBuilder().Build(), _start));
        var large = last.ToBuilder();
        for (var i = 0; i < 2_000; i++)
        {
            large.Remove(ResourceType.Endpoints, $"n{i}");
        }

        var after = large.Build();
        Assert.Equal(2_000, Told(after, last)!.Count());
        Assert.Null(Told(after.ToBuilder().Set(Endpoints("b", 1)).Build(), last));
    }

    private static IEnumerable<string>? Told(ResourceSnapshot now, ResourceSnapshot before) =>
        now.ChangesSince(before)?.Select(change => $"{change.Type.ShortName} {change.Name}");
}
