using Fairlead.Anchor.Sealing;
using Fairlead.Store;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>V47: a store that is another one, or an older one, is told.</summary>
public sealed class StoreMarkTests : IDisposable
{
    private static readonly string First = new('1', 32);

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-mark-").FullName;
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Check_OfTheSameStoreGoingOn_SaysNothing()
    {
        Assert.False(Mark().Exists);
        Assert.Null(Mark().Check(new StoreStatus(First, 5, 0)));
        Assert.True(Mark().Exists);
        Assert.Null(Mark().Check(new StoreStatus(First, 5, 0)));
        Assert.Null(Mark().Check(new StoreStatus(First, 6, 0)));
    }

    [Theory]
    [InlineData("1", 4, "the store stands at revision 4, it was at 5")]
    [InlineData("2", 9, "the store is 22222222222222222222222222222222, it was 11111111111111111111111111111111")]
    public void Check_OfARestoredStore_Tells(string identity, long revision, string alarm)
    {
        Assert.Null(Mark().Check(new StoreStatus(First, 5, 0)));
        var status = new StoreStatus(new string(identity[0], 32), revision, 0);
        var mark = Mark();
        Assert.Equal(alarm, mark.Check(status));

        // Told once: what is there now is the store from here on.
        Assert.Null(mark.Check(status));
        Assert.Null(Mark().Check(status));
    }

    [Fact]
    public void Check_OftenInASecond_WritesOnce()
    {
        var mark = Mark();
        Assert.Null(mark.Check(new StoreStatus(First, 5, 0)));
        Assert.Null(mark.Check(new StoreStatus(First, 6, 0)));
        Assert.Null(Mark().Check(new StoreStatus(First, 5, 0)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(mark.Check(new StoreStatus(First, 7, 0)));
        Assert.NotNull(Mark().Check(new StoreStatus(First, 6, 0)));
        Assert.Null(mark.Check(new StoreStatus(First, 8, 0), isLast: true));
        Assert.NotNull(Mark().Check(new StoreStatus(First, 7, 0)));
    }

    private StoreMark Mark() => new(_folder, _time);
}
