namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// What requests say of one endpoint. So many failures in a row eject it for a time that doubles with each ejection
/// that follows without a success between; when the time is over it is half open: one request probes it, and decides.
/// Not thread-safe: its pool holds the lock. Times are milliseconds of a monotonic clock.
/// </summary>
internal sealed class EndpointHealth
{
    private const int DoublingsMax = 16;

    private int _failures;
    private int _ejections;
    private long _ejectedUntil = long.MinValue;
    private bool _isProbing;

    /// <summary>Whether it takes requests at this moment.</summary>
    internal bool IsAvailable(long now) => _ejections == 0 || (now >= _ejectedUntil && !_isProbing);

    /// <summary>When it opens again for a probe; <see cref="long.MaxValue"/> where time alone changes
    /// nothing.</summary>
    internal long Due(long now) => _ejections > 0 && now < _ejectedUntil ? _ejectedUntil : long.MaxValue;

    /// <summary>Notes that a request goes there; true where it is the probe, so that no second one follows.</summary>
    internal bool Begin(long now)
    {
        if (_ejections == 0 || now < _ejectedUntil || _isProbing)
        {
            return false;
        }

        return _isProbing = true;
    }

    /// <summary>A response began. True where that changes who is available.</summary>
    internal bool Succeeded()
    {
        var changes = _ejections > 0;
        (_failures, _ejections, _isProbing) = (0, 0, false);
        return changes;
    }

    /// <summary>A request failed at the endpoint. True where that changes who is available.</summary>
    /// <param name="now">The moment.</param>
    /// <param name="isProbe">Whether it was the probe.</param>
    /// <param name="options">The thresholds.</param>
    /// <param name="random">Spreads the ends of ejections over a tenth, so that probes do not come at once.</param>
    internal bool Failed(long now, bool isProbe, ProxyOptions options, Random random)
    {
        if (isProbe)
        {
            _isProbing = false;
        }

        // Requests that were under way when it was ejected say nothing new.
        if (_ejections > 0 && !isProbe)
        {
            return false;
        }

        if (!isProbe && ++_failures < options.FailuresToEject)
        {
            return false;
        }

        var length = Math.Min(
            options.Ejection.TotalMilliseconds * (1L << Math.Min(_ejections, DoublingsMax)),
            options.EjectionMax.TotalMilliseconds);
        _ejections++;
        _failures = 0;
        _ejectedUntil = now + (long)(length * (1 + (0.1 * random.NextDouble())));
        return true;
    }

    /// <summary>A request ended without saying anything about the endpoint. True where the next one may
    /// probe.</summary>
    internal bool Abandoned(bool isProbe)
    {
        if (!isProbe || !_isProbing)
        {
            return false;
        }

        _isProbing = false;
        return true;
    }
}
