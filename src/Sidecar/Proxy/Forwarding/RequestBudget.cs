namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>
/// The time in which a request's response must begin. It stands still while the client sends the body and the endpoint
/// takes it: how long that takes is their own affair. Thread-safe.
/// </summary>
internal sealed class RequestBudget : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly Lock _gate = new();
    private TimeSpan _left;
    private long _runsSince;
    private bool _isRunning = true;
    private bool _hasEnded;

    /// <summary>A budget that runs from now on.</summary>
    internal RequestBudget(TimeSpan length, TimeProvider time)
    {
        (_time, _left, _runsSince) = (time, length, time.GetTimestamp());
        _source = new CancellationTokenSource(length, time);
    }

    /// <summary>Cancelled when it is used up.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>Whether it is used up.</summary>
    internal bool IsOver => _source.IsCancellationRequested;

    /// <summary>What is left of it.</summary>
    internal TimeSpan Left
    {
        get
        {
            lock (_gate)
            {
                return _isRunning ? _left - _time.GetElapsedTime(_runsSince) : _left;
            }
        }
    }

    /// <summary>It stands still.</summary>
    internal void Pause() => Stop(isUsed: true);

    /// <summary>It stands still, and what was used since it last ran on was not.</summary>
    internal void GiveBack() => Stop(isUsed: false);

    /// <summary>It runs on.</summary>
    internal void Resume()
    {
        lock (_gate)
        {
            if (!_isRunning && !_hasEnded)
            {
                _isRunning = true;
                _runsSince = _time.GetTimestamp();
                _source.CancelAfter(_left > TimeSpan.Zero ? _left : TimeSpan.Zero);
            }
        }
    }

    /// <summary>The response has begun: it never runs again.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _hasEnded = true;
        }

        Pause();
    }

    private void Stop(bool isUsed)
    {
        lock (_gate)
        {
            if (_isRunning)
            {
                _left -= isUsed ? _time.GetElapsedTime(_runsSince) : TimeSpan.Zero;
                _isRunning = false;
                _source.CancelAfter(Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose()
    {
        End();
        _source.Dispose();
    }
}
