using System.Collections.Concurrent;
using Fairlead.Cli.Demo.Checks;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.Cli.Tests.Demo;

public sealed class StallsTests
{
    /// <summary>What was late counts for whoever measured over it, from when it could be seen, and for nobody
    /// else.</summary>
    [Fact]
    public async Task Timer_ThatIsLate_IsAStallOfItsTimeAlone()
    {
        var clock = new StoppedTimers();
        await using var stalls = new Stalls(clock);
        await clock.ArmedAsync(1);
        Assert.Equal(TimeSpan.Zero, stalls.Worst(0));

        clock.Milliseconds = 3_050;
        Assert.Equal(TimeSpan.FromSeconds(3), stalls.Worst(0));
        clock.Fire();
        await clock.ArmedAsync(2);
        clock.Milliseconds = 3_100;
        clock.Fire();
        await clock.ArmedAsync(3);

        Assert.Equal(TimeSpan.FromSeconds(3), stalls.Worst(0));
        Assert.Equal(TimeSpan.FromSeconds(3), stalls.Worst(1_000, 2_000));
        Assert.Equal(TimeSpan.Zero, stalls.Worst(3_060));
        Assert.Contains("3000 ms", stalls.Told(0), StringComparison.Ordinal);
        Assert.Equal("", stalls.Told(3_060));
    }

    [Fact]
    public async Task Measure_ThatIsOver_IsTakenAgainAndTold()
    {
        var (best, over) = await Measures.TakeAsync(
            before => Task.FromResult(3 - before), one => one < 2, one => $"took {one}");

        Assert.Equal(1, best);
        Assert.Equal(["took 3", "took 2"], over.Trim().Split('\n').Select(line => line[^6..]));
    }

    [Fact]
    public async Task Measure_ThatIsOverThreeTimes_FailsAndTellsOfEach()
    {
        var failed = await Assert.ThrowsAsync<Cli.Demo.CheckFailedException>(() => Measures.TakeAsync(
            before => Task.FromResult(before), one => one > 2, one => $"took {one}"));

        Assert.Contains("took 0; took 1; took 2", failed.Message, StringComparison.Ordinal);
    }

    // A clock that a test sets, in milliseconds, and timers that fire when it says so.
    private sealed class StoppedTimers : TimeProvider
    {
        private readonly ConcurrentQueue<Action> _armed = new();
        private long _milliseconds;
        private int _count;

        internal long Milliseconds
        {
            get => Volatile.Read(ref _milliseconds);
            set => Volatile.Write(ref _milliseconds, value);
        }

        public override long TimestampFrequency => 1_000;

        public override long GetTimestamp() => Milliseconds;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _armed.Enqueue(() => callback(state));
            Interlocked.Increment(ref _count);
            return new Timer();
        }

        internal Task ArmedAsync(int count) => Eventually.HoldsAsync(
            () => Task.FromResult(Volatile.Read(ref _count)), now => now >= count, TimeSpan.FromMinutes(2),
            TestContext.Current.CancellationToken);

        internal void Fire()
        {
            Assert.True(_armed.TryDequeue(out var callback));
            callback();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
