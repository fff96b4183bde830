namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Until when an Envoy that hears nothing more may use the endpoints of names that are not strict (<c>on_sidecar_loss:
/// expire</c>). It moves that on twice as often as it would end, so that who hears nothing more still has the whole
/// time. Thread-safe.
/// </summary>
internal sealed class Keeping
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _kept;
    private readonly Action<TimeSpan> _moved;
    private readonly ITimer _timer;
    private long _until;

    /// <summary>Starts.</summary>
    /// <param name="kept">How long they may be used at least.</param>
    /// <param name="time">The clock.</param>
    /// <param name="moved">Hears each new end, from the clock's thread.</param>
    internal Keeping(TimeSpan kept, TimeProvider time, Action<TimeSpan> moved)
    {
        (_kept, _time, _moved) = (kept, time, moved);
        _until = Next().Ticks;
        _timer = time.CreateTimer(static state => ((Keeping)state!).Move(), this, Period, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The end, as <see cref="Xds.Resource.Until"/>.</summary>
    internal TimeSpan Until => TimeSpan.FromTicks(Volatile.Read(ref _until));

    private TimeSpan Period => _kept / 2;

    private TimeSpan Next() => _time.GetElapsedTime(0) + _kept + Period;

    private void Move()
    {
        var next = Next();
        Volatile.Write(ref _until, next.Ticks);
        _moved(next);
        _timer.Change(Period, Timeout.InfiniteTimeSpan);
    }
}
