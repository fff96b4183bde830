using Fairlead.Xds.Streams;
using Xunit;

namespace Fairlead.Xds.Tests;

/// <summary>No word is lost and none comes twice, whoever is first.</summary>
public sealed class SignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Signal _signal = new();

    [Fact]
    public async Task Wait_AfterWordsThatWereTold_EndsAtOnceAndOnce()
    {
        _signal.Tell(goesOn: false);
        _signal.Tell(goesOn: true);
        var wait = _signal.WaitAsync().AsTask();
        Assert.True(wait.IsCompletedSuccessfully);
        await wait;
        Assert.False(_signal.WaitAsync().AsTask().IsCompleted);
    }

    [Fact]
    public async Task Waiter_GoesOnWhereItIsTold_OnlyIfItMay()
    {
        var here = Environment.CurrentManagedThreadId;
        var first = ThreadAfterAsync();
        _signal.Tell(goesOn: true);
        Assert.True(first.IsCompleted);
        Assert.Equal(here, await first);

        var second = ThreadAfterAsync();
        using var told = new ManualResetEventSlim();
        var teller = new Thread(() =>
        {
            _signal.Tell(goesOn: false);
            told.Wait(Patience);
        });
        teller.Start();
        var there = await second.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.NotEqual(teller.ManagedThreadId, there);
        told.Set();
        teller.Join();
    }

    /// <summary>What was published before a word is seen after the wait that the word ended, however the two
    /// race.</summary>
    [Fact]
    public async Task Words_ToldByManyThreads_AreNeverLost()
    {
        const int tellers = 4;
        const int words = 5_000;
        var published = 0;
        var threads = Enumerable.Range(0, tellers).Select(number => Task.Run(() =>
        {
            for (var i = 0; i < words; i++)
            {
                Interlocked.Increment(ref published);
                _signal.Tell(goesOn: number % 2 == 0);
            }
        })).ToList();
        await UntilAllAsync().WaitAsync(Patience, TestContext.Current.CancellationToken);
        await Task.WhenAll(threads);

        async Task UntilAllAsync()
        {
            await Task.Yield();
            while (Volatile.Read(ref published) < tellers * words)
            {
                await _signal.WaitAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<int> ThreadAfterAsync()
    {
        await _signal.WaitAsync().ConfigureAwait(false);
        return Environment.CurrentManagedThreadId;
    }
}
