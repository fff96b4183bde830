using Fairlead.TestKit;

namespace Fairlead.Rpc.Tests;

/// <summary>Buffers that are handed out once, and given back to the system when nobody needs them.</summary>
public sealed class PagePoolTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Pages_AreWhole_AndNoOneElse()
    {
        using var pool = new PagePool(Period, _time);
        var pages = Enumerable.Range(0, 200).Select(_ => pool.Rent()).ToList();
        for (var i = 0; i < pages.Count; i++)
        {
            Assert.Equal(PagePool.PageBytes, pages[i].Memory.Length);
            pages[i].Memory.Span.Fill((byte)i);
        }

        for (var i = 0; i < pages.Count; i++)
        {
            Assert.Equal(-1, pages[i].Memory.Span.IndexOfAnyExcept((byte)i));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(PagePool.PageBytes + 1));
    }

    [Fact]
    public void Page_ThatComesBackTwice_IsHandedOutOnce()
    {
        using var pool = new PagePool(Period, _time);
        var page = pool.Rent();
        page.Dispose();
        page.Dispose();
        Assert.NotSame(pool.Rent(), pool.Rent());
    }

    [Fact]
    public void PagesOfABurst_GoBack_AndAreUsedAgain()
    {
        using var pool = new PagePool(Period, _time);
        var held = pool.Rent();
        held.Memory.Span.Fill(7);
        Burst(pool, 1_000);
        var before = pool.Count;
        Assert.True(before.Pages >= 1_001, $"{before}");

        _time.Advance(Period);
        _time.Advance(Period);
        var after = pool.Count;
        Assert.Equal(before.Pages, after.Pages);
        Assert.InRange(after.Pages - after.Released, 1, 129);

        Assert.Equal(-1, held.Memory.Span.IndexOfAnyExcept((byte)7));
        Burst(pool, 1_000);
        Assert.Equal(before.Pages, pool.Count.Pages);
    }

    [Fact]
    public void PagesThatAreNeededAllTheTime_StayWarm()
    {
        using var pool = new PagePool(Period, _time);
        for (var i = 0; i < 10; i++)
        {
            var pages = Enumerable.Range(0, 1_000).Select(_ => pool.Rent()).ToList();
            _time.Advance(Period);
            pages.ForEach(page => page.Dispose());
        }

        Assert.InRange(pool.Count.Released, 0, 64);
    }

    private static void Burst(PagePool pool, int count)
    {
        var pages = Enumerable.Range(0, count).Select(_ => pool.Rent()).ToList();
        foreach (var page in pages)
        {
            page.Memory.Span.Fill(1);
        }

        pages.ForEach(page => page.Dispose());
    }
}
