using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>The rates of those who ask (V52), on virtual time.</summary>
public sealed class RateBookTests
{
    private readonly ManualTimeProvider _time =
        new(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start));

    /// <summary>A reload changes it for those who asked before as well.</summary>
    [Fact]
    public void Rate_ThatIsChanged_HoldsFromTheNextQuestionOn()
    {
        var rate = (PerSecond: 1, Burst: 10);
        var book = new RateBook(() => rate, _time);
        Assert.Null(book.Take(Asker(1)));
        rate = (1, 2);
        Assert.Equal(2, Enumerable.Range(0, 9).Count(_ => book.Take(Asker(1)) is null));
        rate = (100, 10);
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(5, Enumerable.Range(0, 9).Count(_ => book.Take(Asker(1)) is null));
    }

    [Fact]
    public void Questions_OverTheBurst_AreRefusedUntilTimeBringsMore()
    {
        var book = new RateBook(2, 5, _time);
        Assert.All(Enumerable.Range(0, 5), _ => Assert.Null(book.Take(Asker(1))));
        Assert.Equal(VerificationFailure.RateLimited, book.Take(Asker(1))?.Failure);
        Assert.Null(book.Take(Asker(2)));

        _time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.NotNull(book.Take(Asker(1)));
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(book.Take(Asker(1)));
        Assert.NotNull(book.Take(Asker(1)));

        // However long it is quiet: no more than the burst.
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, Enumerable.Range(0, 9).Count(_ => book.Take(Asker(1)) is null));
    }

    /// <summary>All of it or nothing, and one that is larger than the burst has its turn.</summary>
    [Fact]
    public void Batch_PassesAsAWholeOrSaysHowManyFit()
    {
        var book = new RateBook(2, 5, _time);
        Assert.Null(book.Take(Asker(1), 3));
        var refusal = book.Take(Asker(1), 4);
        Assert.Contains("of 4 there is room for 2 now", refusal!.Detail, StringComparison.Ordinal);
        Assert.Null(book.Take(Asker(1), 2));

        // A full bucket lets through what is more than it holds, which is paid for afterwards.
        Assert.NotNull(book.Take(Asker(1), 9));
        _time.Advance(TimeSpan.FromSeconds(2.5));
        Assert.Null(book.Take(Asker(1), 9));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(book.Take(Asker(1)));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Null(book.Take(Asker(1)));
    }

    [Fact]
    public void Askers_MoreThanAreRemembered_PutOutTheOneQuietForLongest()
    {
        var book = new RateBook(1, 1, _time);
        Assert.Null(book.Take(Asker(0)));
        Assert.Null(book.Take(Asker(1)));
        for (var i = 2; i <= RateBook.BucketsMax; i++)
        {
            Assert.Null(book.Take(Asker(i)));
            Assert.NotNull(book.Take(Asker(0)));
        }

        Assert.Equal(RateBook.BucketsMax, book.Count);
        Assert.NotNull(book.Take(Asker(0)));
        Assert.Null(book.Take(Asker(1)));
    }

    private static Digest Asker(int number) => Digest.Sha256(BitConverter.GetBytes(number));
}
