using System.Collections.Concurrent;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>Ways are held as long as somebody uses them, renewed for those alone, and never more than there is room
/// for (4.9, V57). The walks are the test's.</summary>
public sealed class IntroductionBookTests : IAsyncDisposable
{
    private const long Life = 60_000;

    private readonly EvidenceWorld _world = new();
    private readonly IntroductionBook _book;
    private readonly ConcurrentQueue<SegmentName> _walked = new();
    private AnswerResult _result = AnswerResult.Record;
    private long _life = Life;
    private Task _gate = Task.CompletedTask;
    private bool _hasBug;
    private VerificationFailure? _failure;
    private Func<SegmentName, bool> _isAlwaysDue = static _ => false;
    private Func<Way, bool> _isDoubtful = static _ => false;

    public IntroductionBookTests()
    {
        _book = new IntroductionBook(
            _world.Context, WalkAsync, (_, _, _, _) => throw new NotSupportedException("nothing is kept"),
            new IntroductionFile(null))
        {
            IsDoubtful = way => _isDoubtful(way),
        };
        _world.Serve();
    }

    private TimeSpan MaxAge => TimeSpan.FromMilliseconds(_world.Own.Newest.Value.Policy.IntroductionMaxAge);

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        await _world.DisposeAsync();
    }

    /// <summary>Absences, denials and ways that lead on are renewed while they are used.</summary>
    [Theory]
    [InlineData(AnswerResult.Negative)]
    [InlineData(AnswerResult.Denied)]
    [InlineData(AnswerResult.Record)]
    public async Task Way_InUse_IsRenewedAtHalfOfItsLife(AnswerResult result)
    {
        _result = result;
        await FindAsync("x.internal");
        for (var turn = 2; turn < 6; turn++)
        {
            _world.Time.Advance(TimeSpan.FromMilliseconds(Life / 2));
            await WalkedAsync(turn, walking: 0);
            Assert.NotNull(_book.Current(Segment("x.internal")));
        }
    }

    [Theory]
    [InlineData(AnswerResult.Negative)]
    [InlineData(AnswerResult.Denied)]
    public async Task Way_ThatLeadsNowhereAndNobodyUses_IsForgotten(AnswerResult result)
    {
        _result = result;
        for (var i = 0; i < 50; i++)
        {
            await FindAsync($"n{i}.internal");
        }

        Assert.Equal(50, _book.All.Length);
        _world.Time.Advance(IntroductionBook.Unused + TimeSpan.FromSeconds(1));
        await UntilAsync(() => _book.All.IsEmpty);
        var walked = _walked.Count;
        _world.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(walked, _walked.Count);
    }

    /// <summary>Whoever comes back within an introduction's age finds it renewed; after that nobody is asked any more,
    /// and it ends.</summary>
    [Fact]
    public async Task Introduction_ThatNobodyUses_IsRenewedForItsAgeAndThenForgotten()
    {
        _life = (long)MaxAge.TotalMilliseconds;

        // Between two turns of the clock, so that none falls on the end of its age.
        _world.Time.Advance(TimeSpan.FromMilliseconds(250));
        await FindAsync("us1.internal");
        var first = _book.All[0].Way;
        _world.Time.Advance((MaxAge / 2) + TimeSpan.FromSeconds(1));
        await UntilAsync(() => !ReferenceEquals(first, _book.All[0].Way));
        _world.Time.Advance(MaxAge / 2);
        Assert.Single(_book.All);
        _world.Time.Advance(MaxAge);
        await UntilAsync(() => _book.All.IsEmpty);
        Assert.Equal(2, _walked.Count);
    }

    /// <summary>4.7: what its transit denies or proves to be nowhere at a renewal ends then, and is back with the
    /// renewal at which the transit leads on again.</summary>
    [Theory]
    [InlineData(AnswerResult.Denied)]
    [InlineData(AnswerResult.Negative)]
    public async Task Introduction_ThatItsTransitTakesBack_EndsWithItsRenewal(AnswerResult result)
    {
        _life = (long)MaxAge.TotalMilliseconds;
        await FindAsync("us1.internal");
        _result = result;
        _world.Time.Advance((MaxAge / 2) - TimeSpan.FromSeconds(1));
        Assert.True(_book.Current(Segment("us1.internal"))!.Leads);

        _life = Life;
        await UntilAsync(() => _book.Current(Segment("us1.internal")) is { Leads: false });
        Assert.Equal(2, _walked.Count);

        _result = AnswerResult.Record;
        _world.Time.Advance(TimeSpan.FromMilliseconds(Life / 2));
        await UntilAsync(() => _book.Current(Segment("us1.internal")) is { Leads: true });
    }

    /// <summary>V57: where its transits cannot be asked an introduction lives to its age, and no longer.</summary>
    [Fact]
    public async Task Introduction_WhoseTransitsAreCutOff_LivesToItsAge()
    {
        _life = (long)MaxAge.TotalMilliseconds;
        await FindAsync("us1.internal");
        _failure = VerificationFailure.Behind;
        var left = MaxAge - TimeSpan.FromMilliseconds(_world.Own.Newest.Value.Policy.ClockDelta);
        _world.Time.Advance(left - TimeSpan.FromMinutes(1));
        await UntilAsync(() => _walked.Count > 1);
        Assert.True(_book.Current(Segment("us1.internal"))!.Leads);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_book.Current(Segment("us1.internal")));
    }

    /// <summary>Those who introduce are not asked for everything at once.</summary>
    [Fact]
    public async Task Ways_DueAtOnce_AreRenewedAFewAtATime()
    {
        for (var i = 0; i < 100; i++)
        {
            await FindAsync($"n{i}.internal");
        }

        var gate = new TaskCompletionSource();
        _gate = gate.Task;
        _world.Time.Advance(TimeSpan.FromMilliseconds(Life / 2));
        await WalkedAsync(100 + IntroductionBook.RenewedAtOnce, walking: IntroductionBook.RenewedAtOnce);
        _world.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(100 + IntroductionBook.RenewedAtOnce, _walked.Count);
        gate.SetResult();
        await UntilAsync(() => _walked.Skip(100).Distinct().Count() == 100);
    }

    /// <summary>Whoever wants to be renewed all the time waits until the others were: what was walked longest ago comes
    /// first.</summary>
    [Fact]
    public async Task Ways_ThatAreAlwaysDue_KeepNoOtherFromItsRenewal()
    {
        _isAlwaysDue = target => target.Text.StartsWith("greedy", StringComparison.Ordinal);
        await FindAsync("us1.internal");
        for (var i = 0; i < 2 * IntroductionBook.RenewedAtOnce; i++)
        {
            await FindAsync($"greedy{i}.internal");
        }

        _world.Time.Advance(TimeSpan.FromMilliseconds(Life / 2));
        for (var turn = 0; turn < 10; turn++)
        {
            _world.Time.Advance(TimeSpan.FromMilliseconds(500));
        }

        await UntilAsync(() => _walked.Count(target => target.Text == "us1.internal") == 2);
        await UntilAsync(() => _walked.Where(_isAlwaysDue).GroupBy(target => target)
            .All(walks => walks.Count() > 2));
    }

    /// <summary>Whom an excluded anchor introduced is introduced anew, and stays so meanwhile.</summary>
    [Fact]
    public async Task Way_OfWhoIsNotBelievedAnyMore_IsReplacedAtOnce()
    {
        await FindAsync("us1.internal");
        await FindAsync("us2.internal");
        var (gate, doubted) = (new TaskCompletionSource(), _book.Current(Segment("us1.internal"))!);
        _gate = gate.Task;
        _isDoubtful = way => ReferenceEquals(way, doubted);
        _world.Time.Advance(TimeSpan.FromMilliseconds(500));
        await WalkedAsync(3, walking: 1);
        Assert.Same(doubted, _book.Current(Segment("us1.internal")));
        gate.SetResult();
        await UntilAsync(() => !ReferenceEquals(doubted, _book.Current(Segment("us1.internal"))));
        Assert.Equal(["us1.internal", "us2.internal", "us1.internal"], _walked.Select(target => target.Text));
    }

    /// <summary>Room is made of what nobody uses, least recently used first; what is in use stays, and a way more than
    /// that is refused by name.</summary>
    [Fact]
    public async Task Ways_BeyondTheMost_TakeTheRoomOfUnusedOnesAndNeverOfOthers()
    {
        _life = (long)MaxAge.TotalMilliseconds;
        for (var i = 0; i < IntroductionBook.WaysMax; i++)
        {
            await FindAsync($"n{i}.internal");
        }

        var (way, refusal) = await _book.FindAsync(
            Segment("more.internal"), null, TestContext.Current.CancellationToken);
        Assert.Null(way);
        Assert.Equal(VerificationFailure.RateLimited, refusal?.Failure);

        _world.Time.Advance(IntroductionBook.Unused + TimeSpan.FromSeconds(1));
        Assert.NotNull(_book.Current(Segment("n0.internal")));
        await FindAsync("more.internal");
        Assert.InRange(_book.All.Length, IntroductionBook.WaysMax / 2, IntroductionBook.WaysMax);
        Assert.NotNull(_book.Current(Segment("n0.internal")));
        Assert.NotNull(_book.Current(Segment("more.internal")));
    }

    /// <summary>A walk that meets a bug is a walk that failed: it is tried again, and its asker hears of it.</summary>
    [Fact]
    public async Task Walk_ThatMeetsABug_IsTriedAgain()
    {
        _hasBug = true;
        var (way, refusal) = await _book.FindAsync(
            Segment("x.internal"), null, TestContext.Current.CancellationToken);
        Assert.Null(way);
        Assert.Equal(VerificationFailure.BadEnvelope, refusal?.Failure);

        _hasBug = false;
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        await FindAsync("x.internal");
    }

    private async Task<(Way? Way, Refusal? Refusal)> WalkAsync(
        SegmentView view, SegmentName target, CancellationToken cancellationToken)
    {
        var now = _world.Context.Now();
        _walked.Enqueue(target);
        if (_hasBug)
        {
            throw new FormatException("a bug");
        }

        if (_failure is { } failure)
        {
            return (null, new Refusal(failure, target.Text, "nobody is there"));
        }

        await _gate.WaitAsync(cancellationToken);
        var genesis = Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(target.Text));
        var onward = new Onward(HopKind.Down, target, genesis, new Floor { Digest = genesis, Epoch = 0 }, []);
        var renewAt = _isAlwaysDue(target) ? 0 : now + (_life / 2);
        return (new Way(view.Epoch.Digest, [], _result, onward, now + _life, renewAt), null);
    }

    private async Task FindAsync(string segment)
    {
        var (way, refusal) = await _book.FindAsync(Segment(segment), null, TestContext.Current.CancellationToken);
        Assert.True(way is not null, refusal?.ToString());
    }

    // Walked so often, and so many are on their way: what is not is held.
    private Task WalkedAsync(int times, int walking) => Eventually.HoldsAsync(
        () => Task.FromResult((_walked.Count, _book.Walking)), seen => seen == (times, walking),
        TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

    // The clock is looked at again once what was on its way is over.
    private Task UntilAsync(Func<bool> holds) => Eventually.HoldsAsync(
        () =>
        {
            if (_book.Walking == 0)
            {
                _world.Time.Advance(TimeSpan.FromMilliseconds(500));
            }

            return Task.FromResult(holds());
        },
        isSo => isSo, TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

    private static SegmentName Segment(string name) => SegmentName.Parse(name);
}
