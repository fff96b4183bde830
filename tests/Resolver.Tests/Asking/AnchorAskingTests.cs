using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Resolver.Asking;
using Fairlead.TestKit;

namespace Fairlead.Resolver.Tests.Asking;

/// <summary>Patience, hedging, breakers and the budget of retries, exactly, on virtual time.</summary>
public sealed class AnchorAskingTests
{
    private static readonly ImmutableArray<int> Four = [0, 1, 2, 3];
    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<(int Anchor, double At)> _asked = new();
    private readonly DateTimeOffset _start;
    private readonly Dictionary<int, Func<CancellationToken, Task<string>>> _anchors = [];

    public AnchorAskingTests()
    {
        _start = _time.GetUtcNow();
        for (var i = 0; i < 4; i++)
        {
            var anchor = i;
            _anchors[i] = token => After(10, $"from {anchor}", token);
        }
    }

    private double Elapsed => (_time.GetUtcNow() - _start).TotalMilliseconds;

    [Fact]
    public async Task All_Well_TheFirstAloneIsAsked()
    {
        var (answer, at, _) = await RunAsync(New());
        Assert.Equal(("from 0", 10), (answer, at));
        Assert.Equal([(0, 0)], _asked);
    }

    [Fact]
    public async Task First_Silent_TheAnswerComesExactlyTheHedgeDelayLater()
    {
        _anchors[0] = Silent;
        var (answer, at, _) = await RunAsync(New());
        Assert.Equal(("from 1", 210), (answer, at));
        Assert.Equal([(0, 0), (1, 200)], _asked);
    }

    [Fact]
    public async Task First_Silent_ForManyCalls_CostsTheDelayTwiceAndIsThenLeftOut()
    {
        _anchors[0] = Silent;
        var asking = New();
        var times = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var before = Elapsed;
            var (_, at, _) = await RunAsync(asking);
            times.Add(at - before);
        }

        Assert.Equal([210, 210, 10, 10, 10], times);

        // Its break is over after a second: it is tried again, and at most the delay is lost.
        _time.Advance(TimeSpan.FromSeconds(1));
        _anchors[0] = token => After(10, "from 0 again", token);
        Assert.Equal("from 0 again", (await RunAsync(asking)).Answer);
    }

    [Fact]
    public async Task First_Failing_TheNextIsAskedAtOnce()
    {
        _anchors[0] = token => FailAfter(5, VerificationFailure.Behind, token);
        _anchors[1] = token => FailAfter(5, VerificationFailure.ProofMismatch, token);
        var (answer, at, failures) = await RunAsync(New());
        Assert.Equal(("from 2", 20), (answer, at));
        Assert.Equal(
            [(0, VerificationFailure.Behind), (1, VerificationFailure.ProofMismatch)],
            failures.Select(one => (one.Anchor, one.Why.Refusal.Failure)));
    }

    [Fact]
    public async Task All_Silent_EachIsGivenItsPatienceAndNoMore()
    {
        for (var i = 0; i < 4; i++)
        {
            _anchors[i] = Silent;
        }

        var (answer, at, failures) = await RunAsync(New());
        Assert.Null(answer);
        Assert.Equal(2_600, at);
        Assert.Equal([(0, 0), (1, 200), (2, 400), (3, 600)], _asked);
        Assert.All(failures, failure => Assert.True(failure.Why.IsTransport));
        Assert.Equal([0, 1, 2, 3], failures.Select(failure => failure.Anchor).Order());
    }

    [Fact]
    public async Task Order_OfTheCaller_IsKeptAndNobodyElseIsAsked()
    {
        _anchors[3] = token => FailAfter(5, VerificationFailure.Behind, token);
        _anchors[1] = token => FailAfter(5, VerificationFailure.Behind, token);
        var (answer, _, failures) = await RunAsync(New(), [3, 1]);
        Assert.Null(answer);
        Assert.Equal([3, 1], failures.Select(failure => failure.Anchor));
        Assert.Equal([(3, 0), (1, 5)], _asked);
    }

    [Fact]
    public async Task Transport_Failures_AreRetriedAfterAJitteredPauseFromTheSeed()
    {
        var pauses = new List<double>();
        foreach (var seed in new[] { 3, 3, 4 })
        {
            _asked.Clear();
            var before = Elapsed;
            var failing = 2;
            _anchors[0] = token =>
                failing-- > 0 ? FailAfter(1, VerificationFailure.NotSealed, token) : After(1, "at last", token);
            var asking = new AnchorAsking(new AskingOptions { RetriesMax = 3 }, _time, new Random(seed));
            var (answer, _, _) = await RunAsync(asking, [0]);
            Assert.Equal("at last", answer);
            pauses.Add(_asked.ElementAt(1).At - before - 1);
        }

        Assert.Equal(pauses[0], pauses[1], 3);
        Assert.NotEqual(pauses[0], pauses[2], 3);
        Assert.All(pauses, pause => Assert.InRange(pause, 0, 1_000));
    }

    [Fact]
    public async Task Verdicts_AreNotRetried()
    {
        _anchors[0] = token => FailAfter(1, VerificationFailure.ProofMismatch, token);
        var asking = new AnchorAsking(new AskingOptions { RetriesMax = 3 }, _time, new Random(1));
        var (answer, _, _) = await RunAsync(asking, [0]);
        Assert.Null(answer);
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Retries_BeyondTheBudget_AreNotMade()
    {
        _anchors[0] = token => FailAfter(1, VerificationFailure.NotSealed, token);
        var asking = new AnchorAsking(
            new AskingOptions { RetriesMax = 2, RetryBudget = 3 }, _time, new Random(1));
        var made = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            _asked.Clear();
            await RunAsync(asking, [0]);
            made.Add(_asked.Count);
        }

        Assert.Equal([3, 2, 1, 1], made);
    }

    [Fact]
    public async Task Caller_ThatGivesUp_EndsAllOfThem()
    {
        _anchors[0] = Silent;
        using var stop = new CancellationTokenSource();
        var running = New().RunAsync(Four, AskAsync, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static async Task<string> Silent(CancellationToken token)
    {
        var ended = new TaskCompletionSource();
        await using var registered = token.Register(ended.SetResult);
        await ended.Task;
        throw new OperationCanceledException(token);
    }

    private AnchorAsking New() => new(new AskingOptions(), _time, new Random(1));

    private Task<string> AskAsync(int anchor, CancellationToken token)
    {
        _asked.Enqueue((anchor, Elapsed));
        return _anchors[anchor](token);
    }

    private async Task<string> After(int milliseconds, string answer, CancellationToken token)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), _time, token);
        return answer;
    }

    private async Task<string> FailAfter(int milliseconds, VerificationFailure failure, CancellationToken token)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), _time, token);
        throw new AnchorFailedException(
            new Refusal(failure, "test", "test"), isNotYet: failure == VerificationFailure.NotSealed);
    }

    // Whatever the clock brings about runs before it goes on: nothing here leaves the thread that advances it.
    private async Task<(string? Answer, double At, ImmutableArray<(int Anchor, AnchorFailedException Why)> Failures)>
        RunAsync(AnchorAsking asking, ImmutableArray<int>? order = null)
    {
        var running = asking.RunAsync(order ?? Four, AskAsync, TestContext.Current.CancellationToken);
        while (!running.IsCompleted)
        {
            Assert.True(Elapsed < 3_600_000, "nothing more happens");
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        var (answer, failures) = await running;
        return (answer, Elapsed, failures);
    }
}
