using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>A walk that failed is tried again ever more rarely, however often it is asked for: those who introduce are
/// asked by all of their homes (4.8, 4.9). The walks are the test's, and so is what is drawn.</summary>
public sealed class WalkPauseTests : IAsyncDisposable
{
    private static readonly SegmentName Target = SegmentName.Parse("us2.internal");

    private readonly EvidenceWorld _world = new();
    private readonly IntroductionBook _book;
    private readonly List<long> _walkedAt = [];
    private readonly long _start;
    private double _drawn = 1;
    private bool _isAway = true;

    public WalkPauseTests()
    {
        _start = _world.Context.Elapsed();
        _book = new IntroductionBook(
            _world.Context, (view, _, _) => Task.FromResult(Walk(view)),
            (_, _, _, _) => throw new NotSupportedException("nothing is kept"), new IntroductionFile(null))
        {
            Draw = () => _drawn,
        };
        _world.Serve();
    }

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        await _world.DisposeAsync();
    }

    /// <summary>The first is immediate; no two homes keep in step, for half of each pause is drawn.</summary>
    [Theory]
    [InlineData(1.0, new[] { 0L, 1_000, 3_000, 5_000, 7_000, 9_000 })]
    [InlineData(0.0, new[] { 0L, 500, 1_500, 2_500, 3_500, 4_500, 5_500, 6_500, 7_500, 8_500, 9_500 })]
    public async Task Walk_ThatFailed_IsTriedAgainEverMoreRarely(double drawn, long[] walked)
    {
        _drawn = drawn;
        for (var i = 0; i < 100; i++)
        {
            var (way, refusal) = await FindAsync();
            Assert.Null(way);
            Assert.Equal(
                new Refusal(VerificationFailure.Behind, Target.Text, $"{_walkedAt.Count} walks, nobody is there"),
                refusal);
            _world.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(walked, _walkedAt);
    }

    /// <summary>Of many that fail each waits longer, so that all together ask only so much.</summary>
    [Fact]
    public async Task Walks_ThatFailInACrowd_AreTriedAFewASecond()
    {
        var crowd = Enumerable.Range(0, 320).Select(i => SegmentName.Parse($"n{i}.internal")).ToList();
        for (var second = 0; second < 60; second++)
        {
            foreach (var target in crowd)
            {
                await _book.FindAsync(target, null, TestContext.Current.CancellationToken);
            }

            _world.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_walkedAt.Count(at => at >= 30_000), 1, 30 * IntroductionBook.RetriedPerSecond);
    }

    [Fact]
    public async Task Walk_AfterThePause_FindsThoseWhoAreBack()
    {
        await FindAsync();
        _isAway = false;
        _world.Time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Null((await FindAsync()).Way);
        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.NotNull((await FindAsync()).Way);
    }

    /// <summary>An own epoch may name another neighbour, or the same one elsewhere.</summary>
    [Fact]
    public async Task Walk_UnderANewEpoch_IsTriedAtOnceAndBeginsAnew()
    {
        await FindAsync();
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await FindAsync();
        await FindAsync();
        Assert.Equal(2, _walkedAt.Count);

        _world.Own.Advance(OpType.Renew);
        _world.Serve();
        await FindAsync();
        await FindAsync();
        Assert.Equal(3, _walkedAt.Count);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await FindAsync();
        Assert.Equal(4, _walkedAt.Count);
    }

    private Task<(Way? Way, Refusal? Refusal)> FindAsync() =>
        _book.FindAsync(Target, null, TestContext.Current.CancellationToken);

    private (Way? Way, Refusal? Refusal) Walk(SegmentView view)
    {
        _walkedAt.Add(_world.Context.Elapsed() - _start);
        var now = _world.Context.Now();
        var onward = new Onward(
            HopKind.Down, Target, Digest.Sha256("us2"u8), new Floor { Digest = Digest.Sha256("us2"u8), Epoch = 0 }, []);
        return _isAway
            ? (null, new Refusal(VerificationFailure.Behind, Target.Text, $"{_walkedAt.Count} walks, nobody is there"))
            : (new Way(view.Epoch.Digest, [], AnswerResult.Record, onward, now + 60_000, now + 30_000), null);
    }
}
