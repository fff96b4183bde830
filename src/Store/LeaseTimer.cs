namespace Fairlead.Store;

/// <summary>Wakes a store when the next lease ends. Arm it under the store's lock; the callback runs on any thread.
/// </summary>
internal sealed class LeaseTimer : IDisposable
{
    // Timers of the platform end near 49 days; a lease that outlives this is simply looked at once a day.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly ITimer _timer;

    public LeaseTimer(TimeProvider time, Action wake) =>
        _timer = time.CreateTimer(_ => wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Arm(TimeSpan? due)
    {
        // One millisecond late rather than early: timers round down, and waking early would only wake again.
        var wait = due is { } span ? span + TimeSpan.FromMilliseconds(1) : Timeout.InfiniteTimeSpan;
        _timer.Change(wait > LongestWait ? LongestWait : wait, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();
}
