namespace Fairlead.TestKit;

/// <summary>A clock that moves only when a test says so; timers fire inside <see cref="Advance"/>, in order of due
/// time. Safe for concurrent use. Callbacks run on the thread that advances, outside the lock.</summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now;
    private TimeSpan _ahead;
    private long _order;

    /// <summary>Starts at <paramref name="start"/>, by default an instant that no real machine shows.</summary>
    public ManualTimeProvider(DateTimeOffset? start = null) =>
        _now = start ?? new DateTimeOffset(2031, 3, 7, 11, 13, 17, TimeSpan.Zero);

    /// <summary>An odd frequency: code that takes timestamps for ticks or nanoseconds fails here.</summary>
    public override long TimestampFrequency => 3_000_000;

    /// <summary>The time zone of tests is UTC.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers are waiting: a barrier for what is armed on other threads.</summary>
    public int Armed
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>Whether one of them falls due in exactly so long: a barrier for that one.</summary>
    public bool IsArmed(TimeSpan due)
    {
        lock (_gate)
        {
            return _timers.Exists(timer => timer.Due == _now + due);
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now + _ahead;
        }
    }

    /// <summary>The wall clock alone leaps ahead by <paramref name="ahead"/> of what it would show else; zero sets it
    /// right. Timers and timestamps know nothing of it.</summary>
    public void Leap(TimeSpan ahead)
    {
        lock (_gate)
        {
            _ahead = ahead;
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return (long)((Int128)_now.Ticks * TimestampFrequency / TimeSpan.TicksPerSecond);
        }
    }

    /// <summary>Moves the clock forward by <paramref name="by"/> and runs every timer that falls due, each at its own
    /// due time; a timer that is armed by a callback and falls due within the step runs too.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        DateTimeOffset target;
        lock (_gate)
        {
            target = _now + by;
        }

        while (TakeDue(target) is { } timer)
        {
            timer.Run();
        }

        lock (_gate)
        {
            _now = target;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private ManualTimer? TakeDue(DateTimeOffset target)
    {
        lock (_gate)
        {
            var next = _timers.Where(t => t.Due <= target).OrderBy(t => t.Due).ThenBy(t => t.Order).FirstOrDefault();
            if (next is null)
            {
                return null;
            }

            _now = next.Due > _now ? next.Due : _now;
            if (next.Period > TimeSpan.Zero)
            {
                next.Due += next.Period;
            }
            else
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private bool _disposed;

        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; private set; }

        public long Order { get; private set; }

        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                owner._timers.Remove(this);
                if (_disposed)
                {
                    return false;
                }

                Period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = owner._now + dueTime;
                    Order = owner._order++;
                    owner._timers.Add(this);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (owner._gate)
            {
                _disposed = true;
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
