using Fairlead.Resolver.Anchors;
using Fairlead.TestKit;

namespace Fairlead.Resolver.Tests.Anchors;

/// <summary>Whom a question goes to when, on a clock that moves by hand.</summary>
public sealed class HedgeTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<int> _asked = [];
    private readonly List<int> _cancelled = [];
    private readonly TaskCompletionSource<string>[] _answers = [new(), new(), new()];

    [Fact]
    public async Task First_AnswersAndIsEnough_NobodyElseIsAsked()
    {
        _answers[0].SetResult("a");

        await using var said = Ask();
        Assert.True(await said.MoveNextAsync());

        Assert.Equal("a", said.Current);
        Assert.Equal([0], _asked);
    }

    [Fact]
    public async Task First_IsSlow_TheNextIsAskedBesideItAndTheSlowOneIsLeft()
    {
        await using (var said = Ask())
        {
            var next = said.MoveNextAsync().AsTask();
            Assert.Equal([0], _asked);
            _time.Advance(Hedge.Moment - TimeSpan.FromMilliseconds(1));
            Assert.Equal([0], _asked);
            _answers[1].SetResult("b");
            _time.Advance(TimeSpan.FromMilliseconds(1));

            Assert.True(await next);
            Assert.Equal("b", said.Current);
            Assert.Equal([0, 1], _asked);
        }

        Assert.Equal([0], _cancelled);
    }

    [Fact]
    public async Task Slow_AnswersAfterTheNextFailed_IsHeard()
    {
        await using var said = Ask();
        var next = said.MoveNextAsync().AsTask();
        _answers[1].SetResult("failed");
        _time.Advance(Hedge.Moment);
        Assert.True(await next);
        Assert.Equal("failed", said.Current);

        next = said.MoveNextAsync().AsTask();
        _answers[0].SetResult("a");

        Assert.True(await next);
        Assert.Equal("a", said.Current);
    }

    [Fact]
    public async Task Each_FailsAtOnce_AllAreAskedInOrder()
    {
        Array.ForEach(_answers, answer => answer.SetResult("failed"));

        await using var said = Ask();
        var heard = 0;
        while (await said.MoveNextAsync())
        {
            heard++;
        }

        Assert.Equal(3, heard);
        Assert.Equal([0, 1, 2], _asked);
    }

    [Fact]
    public async Task Caller_GivesUp_EndsByItsToken()
    {
        using var stop = new CancellationTokenSource();
        await using var said = Ask(stop.Token);
        var next = said.MoveNextAsync().AsTask();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        Assert.Equal([0], _cancelled);
    }

    private IAsyncEnumerator<string> Ask(CancellationToken cancellationToken = default) =>
        Hedge.AskAsync([0, 1, 2], AskOneAsync, _time, cancellationToken).GetAsyncEnumerator(CancellationToken.None);

    private async Task<string> AskOneAsync(int anchor, CancellationToken cancellationToken)
    {
        _asked.Add(anchor);
        try
        {
            return await _answers[anchor].Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _cancelled.Add(anchor);
            return "cancelled";
        }
    }
}
