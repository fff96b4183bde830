namespace Fairlead.Hosting.Memory;

/// <summary>
/// Gives the machine back what a burst left behind. A runtime collects when it allocates, so a process that goes quiet
/// keeps its last garbage for as long as it is quiet; there is one such process for each pod. A collection stops every
/// thread for some tens of milliseconds at most, so it runs seldom, and only when next to nothing happens.
/// Thread-safe.
/// </summary>
public sealed class QuietCollector : IDisposable
{
    private const long QuietBytes = 64 << 10;
    private const long WorthwhileBytes = 8 << 20;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Apart = TimeSpan.FromMinutes(1);

    // While there is something to give back, it looks for a pause between two waves.
    private static readonly TimeSpan ShortPeriod = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _time;
    private readonly Func<long> _allocated;
    private readonly Action _collect;
    private readonly ITimer _timer;
    private long _seen;
    private long _collected;
    private long? _collectedAt;

    /// <summary>Watches this process from now on.</summary>
    /// <param name="time">The clock of the looks.</param>
    public QuietCollector(TimeProvider time)
        : this(time, static () => GC.GetTotalAllocatedBytes(), Collect)
    {
    }

    /// <summary>Watches what a counter says.</summary>
    /// <param name="time">The clock of the looks.</param>
    /// <param name="allocated">Bytes allocated since the start; never falls.</param>
    /// <param name="collect">Collects.</param>
    internal QuietCollector(TimeProvider time, Func<long> allocated, Action collect)
    {
        ArgumentNullException.ThrowIfNull(time);
        (_time, _allocated, _collect) = (time, allocated, collect);
        _seen = allocated();
        _timer = time.CreateTimer(
            static it => ((QuietCollector)it!).Look(), this, Period, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Collects at once, whatever happens meanwhile: for what only a start needed.</summary>
    public static void Collect() =>
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    /// <summary>Ends the looks. A collection that runs goes on.</summary>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        var allocated = _allocated();
        var isQuiet = allocated - _seen <= QuietBytes;
        var isDue = allocated - _collected >= WorthwhileBytes
            && (_collectedAt is not { } at || _time.GetElapsedTime(at) >= Apart);
        if (isDue && isQuiet)
        {
            _collect();
            _collectedAt = _time.GetTimestamp();
            allocated = _collected = _allocated();
            isDue = false;
        }

        _seen = allocated;
        _timer.Change(isDue ? ShortPeriod : Period, Timeout.InfiniteTimeSpan);
    }
}
