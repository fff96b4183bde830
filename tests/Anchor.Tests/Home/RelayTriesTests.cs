using System.Collections.Immutable;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>What one relayed question may cost, on virtual time: of anchors, of time, and over many segments.</summary>
public sealed class RelayTriesTests
{
    private static readonly Digest Segment = Digest.Sha256("segment"u8);

    private static readonly ImmutableArray<IpEndpoint> Places =
        [.. Enumerable.Range(1, 5).Select(i => IpEndpoint.Parse($"10.0.0.{i}:1"))];

    private readonly ManualTimeProvider _time =
        new(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start));

    private readonly List<string> _asked = [];
    private readonly List<string> _met = [];
    private ImmutableArray<IpEndpoint> _all = Places;
    private readonly RelayPlaces _places;

    public RelayTriesTests() => _places = new RelayPlaces(0, _time);

    /// <summary>Any minority of them costs the first question a moment each, and those after it nothing.</summary>
    [Fact]
    public async Task Anchors_ThatAreSilent_CostAMomentEachAndAreAskedLastForAWhile()
    {
        var first = RunAsync(RelayTries.Longest, WithinAsync, FirstTwoSilentAsync);
        await MetAsync(1);
        _time.Advance(Meetings<There>.Moment);
        await MetAsync(2);
        Assert.False(first.IsCompleted);
        _time.Advance(Meetings<There>.Moment);
        Assert.Equal("3 within 8.0", await first);
        Assert.Equal("3 within 8.0", await RunAsync(RelayTries.Longest, WithinAsync, FirstTwoSilentAsync));
        Assert.Equal(["1", "2", "3", "3"], _met);
        _time.Advance(RelayPlaces.AskedLast);
        var again = RunAsync(RelayTries.Longest, WithinAsync, FirstTwoSilentAsync);
        await MetAsync(5);
        Assert.Equal("1", _met[^1]);
        _time.Advance(Meetings<There>.Moment);
        await MetAsync(6);
        _time.Advance(Meetings<There>.Moment);
        await again;

        // A page is passed to whom the question goes as well, and each anchor of a segment begins elsewhere.
        Assert.Equal(_places.Of(Segment, Places), _places.Of(Segment, Places));
        Assert.Equal("10.0.0.4:1", new RelayPlaces(3, _time).Of(Segment, Places)[0].Text);

        static async Task FirstTwoSilentAsync(string place, CancellationToken token)
        {
            if (place is "1" or "2")
            {
                await Task.Delay(Timeout.Infinite, token);
            }
        }
    }

    /// <summary>One that is slow and no more is heard where nobody was faster.</summary>
    [Fact]
    public async Task Anchor_ThatIsSlow_IsAskedWhereTheOthersAreAway()
    {
        var slow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = RunAsync(RelayTries.Longest, WithinAsync, (place, _) => place == "1"
            ? slow.Task
            : throw new RpcException(new Status(StatusCode.Unavailable, "away")));
        _time.Advance(Meetings<There>.Moment);
        await MetAsync(Places.Length);
        slow.SetResult();
        Assert.Equal("1 within 8.0", await run);
    }

    /// <summary>One that is met and then says nothing costs its part of the time.</summary>
    [Fact]
    public async Task Anchor_ThatAnswersNoQuestion_LeavesTimeForAnother()
    {
        var first = RunAsync(RelayTries.Longest, (place, share, token) => place == "1"
            ? NeverAsync(token)
            : WithinAsync(place, share, token));
        await AskedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal("2 within 4.0", await first);
        Assert.Equal("2 within 8.0", await RunAsync(RelayTries.Longest, WithinAsync));
        Assert.Equal(["1", "2", "2"], _asked);
    }

    /// <summary>Also where its caller would wait for ever, nobody waits longer.</summary>
    [Fact]
    public async Task Question_ThatNobodyAnswers_EndsInItsTime()
    {
        var run = RunAsync(TimeSpan.MaxValue, (_, _, token) => NeverAsync(token));
        await AskedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(8));
        await AskedAsync(2);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(run.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Behind", await run);
        Assert.Equal(["1", "2"], _asked);
    }

    /// <summary>One anchor's word denies nobody; the second one's is taken for the question's fault.</summary>
    [Theory]
    [InlineData(VerificationFailure.LinkNotAccepted, 2)]
    [InlineData(VerificationFailure.RateLimited, 3)]
    public async Task Anchors_ThatRefuseTheQuestion_AreAFew(VerificationFailure failure, int tried)
    {
        Assert.Equal(failure.ToString(), await RunAsync(RelayTries.Longest, (_, _, _) =>
            throw RpcFailures.ToException(new Refusal(failure, "", "no"))));
        Assert.Equal(tried, _asked.Count);

        // Who refuses is there.
        Assert.Equal("10.0.0.1:1", _places.Of(Segment, Places)[0].Text);
    }

    /// <summary>No more than may be away where all keep to the rules, and those that are asked.</summary>
    [Theory]
    [InlineData(null, 8, "10.0.0.9:1")]
    [InlineData(VerificationFailure.LinkNotAccepted, 2, "10.0.0.1:1")]
    public async Task Anchors_ThatCannotBeMet_AreAFew(VerificationFailure? failure, int met, string next)
    {
        _all = [.. Enumerable.Range(1, 9).Select(i => IpEndpoint.Parse($"10.0.0.{i}:1"))];
        var last = await RunAsync(RelayTries.Longest, WithinAsync, (_, _) => throw (failure is { } named
            ? RpcFailures.ToException(new Refusal(named, "", "no"))
            : new RpcException(new Status(StatusCode.Unavailable, "away"))));
        Assert.Equal((failure ?? VerificationFailure.Behind).ToString(), last);
        Assert.Equal(met, _met.Count);
        Assert.Equal(next, _places.Of(Segment, _all)[0].Text);
    }

    /// <summary>A liar beside one that lags, in either order, denies nobody what the third one answers; two that refuse
    /// by name are the question's fault, wherever they stand.</summary>
    [Theory]
    [InlineData(VerificationFailure.LinkNotAccepted, VerificationFailure.Behind, "3")]
    [InlineData(VerificationFailure.Behind, VerificationFailure.LinkNotAccepted, "3")]
    [InlineData(VerificationFailure.LinkNotAccepted, VerificationFailure.PathBroken, "PathBroken")]
    public async Task Anchors_ThatRefuseDifferently_AreCountedByTheirWords(
        VerificationFailure first, VerificationFailure second, string last)
    {
        Assert.Equal(last, await RunAsync(RelayTries.Longest, (place, _, _) => Task.FromResult<(string?, Refusal?)>(
            place == "1" ? (null, new Refusal(first, "", "no"))
            : place == "2" ? (null, new Refusal(second, "", "no"))
            : (place, null))));
    }

    /// <summary>A caller that hardly waits says nothing of an anchor; nor does what another segment names.</summary>
    [Fact]
    public async Task Anchor_ThatHadLittleTime_IsAskedFirstAsBefore()
    {
        await SilentAsync(RelayTries.Silence - TimeSpan.FromMilliseconds(1));
        await RunAsync(TimeSpan.FromSeconds(1), (_, _, _) => throw new RpcException(
            new Status(StatusCode.DeadlineExceeded, "late")));
        Assert.Equal(["1", "1"], _asked);
        await SilentAsync(RelayTries.Silence);
        Assert.Equal("10.0.0.2:1", _places.Of(Segment, Places)[0].Text);
        Assert.Equal("10.0.0.1:1", _places.Of(Digest.Sha256("another"u8), Places)[0].Text);

        // Where nobody is, that is so at once.
        await RunAsync(TimeSpan.FromSeconds(1), (_, _, _) => throw new RpcException(
            new Status(StatusCode.Unavailable, "away")));
        Assert.Equal("10.0.0.3:1", _places.Of(Segment, Places)[0].Text);

        async Task SilentAsync(TimeSpan patience)
        {
            var (before, run) = (_asked.Count, RunAsync(patience, (_, _, token) => NeverAsync(token)));
            await AskedAsync(before + 1);
            _time.Advance(patience);
            Assert.Equal("Behind", await run);
        }
    }

    /// <summary>Silence that is shorter than what says something, before it is met.</summary>
    [Fact]
    public async Task Anchor_ThatCouldNotBeMetInLittleTime_IsMetFirstAsBefore()
    {
        var little = TimeSpan.FromMilliseconds(900);
        var run = RunAsync(little, WithinAsync, (_, token) => Task.Delay(Timeout.Infinite, token));
        _time.Advance(little);
        Assert.Equal("Behind", await run);
        Assert.Equal("10.0.0.1:1", _places.Of(Segment, Places)[0].Text);
    }

    /// <summary>Six segments with five anchors each, of which all ask on and nobody answers.</summary>
    [Fact]
    public async Task Question_OverManySegments_FansOutToAHandful()
    {
        await LevelAsync(1, RelayTries.Longest);
        Assert.Equal(6, _asked.Count(one => one[0] == '6'));

        Task<(string?, Refusal?)> LevelAsync(int level, TimeSpan patience) => level > 6
            ? throw new RpcException(new Status(StatusCode.Unavailable, "away"))
            : new RelayTries(new RelayPlaces(0, _time), _time).RunAsync<There, string>(
                Segment, Places, patience - TimeSpan.FromMilliseconds(500),
                (place, _) => Task.FromResult<(There?, Refusal?)>((new There(place.Text), null)),
                (there, share, _) =>
                {
                    _asked.Add($"{level} {there.Place}");
                    return LevelAsync(level + 1, share);
                },
                CancellationToken.None);
    }

    [Fact]
    public void Places_MoreThanAreRemembered_PutOutTheOldest()
    {
        for (var i = 0; i <= RelayPlaces.FailedMax; i++)
        {
            _places.Failed(Segment, IpEndpoint.Parse($"10.1.{i / 250}.{(i % 250) + 1}:1"));
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        ImmutableArray<IpEndpoint> two = [IpEndpoint.Parse("10.1.0.2:1"), IpEndpoint.Parse("10.1.0.1:1")];
        Assert.Equal("10.1.0.1:1", _places.Of(Segment, two)[0].Text);
    }

    private static Task<(string?, Refusal?)> WithinAsync(string place, TimeSpan share, CancellationToken token) =>
        Task.FromResult<(string?, Refusal?)>(
            (FormattableString.Invariant($"{place} within {share.TotalSeconds:0.0}"), null));

    private static async Task<(string?, Refusal?)> NeverAsync(CancellationToken token)
    {
        await Task.Delay(Timeout.Infinite, token);
        return default;
    }

    private Task MetAsync(int count) => CountAsync(_met, count);

    private Task AskedAsync(int count) => CountAsync(_asked, count);

    // What follows a moment follows on other threads, and then waits for another one.
    private Task CountAsync(List<string> list, int count) => Eventually.HoldsAsync(
        () =>
        {
            lock (list)
            {
                return Task.FromResult((list.Count, _time.Armed));
            }
        },
        found => found.Count == count && found.Armed > 0,
        TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

    private async Task<string> RunAsync(
        TimeSpan patience,
        Func<string, TimeSpan, CancellationToken, Task<(string?, Refusal?)>> ask,
        Func<string, CancellationToken, Task>? meet = null)
    {
        var (answer, refusal) = await new RelayTries(_places, _time).RunAsync<There, string>(
            Segment, _places.Of(Segment, _all), patience,
            async (place, token) =>
            {
                var there = new There(place.Text[7..8]);
                lock (_met)
                {
                    _met.Add(there.Place);
                }

                await (meet?.Invoke(there.Place, token) ?? Task.CompletedTask);
                return (there, null);
            },
            (there, share, token) =>
            {
                lock (_asked)
                {
                    _asked.Add(there.Place);
                }

                return ask(there.Place, share, token);
            },
            CancellationToken.None);
        return answer ?? refusal!.Failure.ToString();
    }

    private sealed record There(string Place) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => default;
    }
}
