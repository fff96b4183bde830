using Fairlead.Cli.Demo;
using Fairlead.Cli.Demo.Checks;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.Cli.Tests.Demo;

/// <summary>What a check of the demo puts back when it fails midway.</summary>
public sealed class RestoringTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ManualTimeProvider _time = new();
    private int _restored;

    [Fact]
    public async Task Check_ThatPasses_IsNotRestored()
    {
        Assert.Equal("good", await Restoring.RunAsync(() => Task.FromResult("good"), RestoreAsync, Patience, _time));
        Assert.Equal(0, _restored);
    }

    [Fact]
    public async Task Check_ThatFails_IsRestored_AndItsFailureIsTold()
    {
        var failure = await Assert.ThrowsAsync<CheckFailedException>(() => Restoring.RunAsync(
            () => throw new CheckFailedException("first"), RestoreAsync, Patience, _time));
        Assert.Equal(("first", 1), (failure.Message, _restored));
    }

    [Fact]
    public async Task Restoring_ThatFails_HidesNothing()
    {
        var failure = await Assert.ThrowsAsync<CheckFailedException>(() => Restoring.RunAsync(
            () => throw new CheckFailedException("first"), _ => throw new CheckFailedException("no such Rule"),
            Patience, _time));
        Assert.Equal("first", failure.Message);
    }

    [Fact]
    public async Task Restoring_ThatDoesNotEnd_HasItsTimeAlone()
    {
        using var told = new CancellationTokenSource();
        var running = Restoring.RunAsync(
            async () =>
            {
                await told.CancelAsync();
                told.Token.ThrowIfCancellationRequested();
                return "";
            },
            async bounded =>
            {
                _restored++;
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, bounded);
            },
            Patience, _time);
        await Eventually.HoldsAsync(
            () => Task.FromResult(_time.Armed), armed => armed > 0, TimeSpan.FromMinutes(2),
            TestContext.Current.CancellationToken);
        Assert.False(running.IsCompleted);
        _time.Advance(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(1, _restored);
    }

    private Task RestoreAsync(CancellationToken cancellationToken)
    {
        Assert.False(cancellationToken.IsCancellationRequested);
        _restored++;
        return Task.CompletedTask;
    }
}
