namespace Fairlead.Sidecar.Serving;

/// <summary>Keeps apart in time what costs as much as everything that is served. The first of many in a row is done at
/// once, and the last of them for certain. Its owner's lock guards it.</summary>
/// <param name="time">The clock.</param>
/// <param name="due">Is called when one that was put off may be done, off the caller's thread.</param>
internal sealed class Pace(TimeProvider time, Action due)
{
    private ITimer? _timer;
    private long? _last;
    private bool _isArmed;

    /// <summary>Whether it is to be done now; else <c>due</c> is called, once for all that were put off.</summary>
    /// <param name="apart">How long after the one before.</param>
    internal bool Take(TimeSpan apart)
    {
        if (_isArmed)
        {
            return false;
        }

        var left = _last is { } last ? apart - time.GetElapsedTime(last) : TimeSpan.Zero;
        if (left <= TimeSpan.Zero)
        {
            _last = time.GetTimestamp();
            return true;
        }

        _isArmed = true;
        _timer ??= time.CreateTimer(_ => due(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(left, Timeout.InfiniteTimeSpan);
        return false;
    }

    /// <summary>What was put off is done.</summary>
    internal void Done()
    {
        _isArmed = false;
        _last = time.GetTimestamp();
    }
}
