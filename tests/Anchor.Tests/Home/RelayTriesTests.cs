using System.Collections.Immutable;
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
    private readonly RelayPlaces _places;

    public RelayTriesTests() => _places = new RelayPlaces(0, _time);

    /// <summary>It costs the first question a part of its time, and those after it nothing.</summary>
    [Fact]
    public async Task Anchor_ThatIsSilent_IsAskedLastForAWhile()
    {
        var first = RunAsync(RelayTries.Longest, SilentAsync);
        Assert.Equal(["1"], _asked);
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal("2 within 4.0", await first);
        Assert.Equal("2 within 8.0", await RunAsync(RelayTries.Longest, SilentAsync));
        Assert.Equal(["1", "2", "2"], _asked);
        _time.Advance(RelayPlaces.AskedLast);
        var again = RunAsync(RelayTries.Longest, SilentAsync);
        Assert.Equal("1", _asked[^1]);
        _time.Advance(TimeSpan.FromSeconds(8));
        await again;

        // A page is passed to whom the question goes as well, and each anchor of a segment begins elsewhere.
        Assert.Equal(_places.Of(Segment, Places), _places.Of(Segment, Places));
        Assert.Equal("10.0.0.4:1", new RelayPlaces(3, _time).Of(Segment, Places)[0].Text);

        async Task<(string?, Refusal?)> SilentAsync(string place, TimeSpan share, CancellationToken token)
        {
            if (place == "1")
            {
                await Task.Delay(Timeout.Infinite, token);
            }

            return (FormattableString.Invariant($"{place} within {share.TotalSeconds:0.0}"), null);
        }
    }

    /// <summary>Also where its caller would wait for ever, nobody waits longer.</summary>
    [Fact]
    public async Task Question_ThatNobodyAnswers_EndsInItsTime()
    {
        var run = RunAsync(TimeSpan.MaxValue, async (_, _, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return default;
        });
        _time.Advance(TimeSpan.FromSeconds(8));
        await Eventually.HoldsAsync(
            () => Task.FromResult(_asked.Count), count => count == 2, TimeSpan.FromMinutes(2),
            TestContext.Current.CancellationToken);
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
    [InlineData(null, 3)]
    public async Task Anchors_ThatFailAtOnce_AreAFew(VerificationFailure? failure, int tried)
    {
        var last = await RunAsync(RelayTries.Longest, (_, _, _) => throw (failure is { } named
            ? RpcFailures.ToException(new Refusal(named, "", "no"))
            : new RpcException(new Status(StatusCode.Unavailable, "away"))));
        Assert.Equal((failure ?? VerificationFailure.Behind).ToString(), last);
        Assert.Equal(tried, _asked.Count);

        // Who refuses is there.
        Assert.Equal(failure is null ? "10.0.0.4:1" : "10.0.0.1:1", _places.Of(Segment, Places)[0].Text);
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
            var run = RunAsync(patience, async (_, _, token) =>
            {
                await Task.Delay(Timeout.Infinite, token);
                return default;
            });
            _time.Advance(patience);
            Assert.Equal("Behind", await run);
        }
    }

    /// <summary>Six segments with five anchors each, of which all ask on and nobody answers.</summary>
    [Fact]
    public async Task Question_OverManySegments_FansOutToAHandful()
    {
        await LevelAsync(1, RelayTries.Longest);
        Assert.Equal(6, _asked.Count(one => one[0] == '6'));

        Task<(string?, Refusal?)> LevelAsync(int level, TimeSpan patience) => level > 6
            ? throw new RpcException(new Status(StatusCode.Unavailable, "away"))
            : new RelayTries(new RelayPlaces(0, _time), _time).RunAsync<string>(
                Segment, Places, patience - TimeSpan.FromMilliseconds(500),
                (place, share, _) =>
                {
                    _asked.Add($"{level} {place.Text}");
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

    private async Task<string> RunAsync(
        TimeSpan patience, Func<string, TimeSpan, CancellationToken, Task<(string?, Refusal?)>> ask)
    {
        var (answer, refusal) = await new RelayTries(_places, _time).RunAsync(
            Segment, _places.Of(Segment, Places), patience,
            (place, share, token) =>
            {
                _asked.Add(place.Text[7..8]);
                return ask(_asked[^1], share, token);
            },
            CancellationToken.None);
        return answer ?? refusal!.Failure.ToString();
    }
}
