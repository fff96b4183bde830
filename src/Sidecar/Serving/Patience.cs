namespace Fairlead.Sidecar.Serving;

/// <summary>Which names were waited for long enough. Each waits equally long, from when it was first asked for.
/// Thread-safe.</summary>
/// <param name="hold">How long.</param>
/// <param name="time">The clock.</param>
/// <param name="over">Hears the names whose time is over, off the caller's thread.</param>
internal sealed class Patience(TimeSpan hold, TimeProvider time, Action<IReadOnlyList<string>> over)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _waiting = new(StringComparer.Ordinal);
    private readonly Queue<(string Name, long Since)> _order = new();
    private readonly HashSet<string> _over = new(StringComparer.Ordinal);
    private ITimer? _timer;
    private bool _isArmed;

    /// <summary>Whether a name was waited for in vain.</summary>
    internal bool IsOver(string name)
    {
        lock (_gate)
        {
            return _over.Contains(name);
        }
    }

    /// <summary>A name is waited for; nothing happens if it is already.</summary>
    internal void Begin(string name)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (_over.Contains(name) || !_waiting.TryAdd(name, now))
            {
                return;
            }

            _order.Enqueue((name, now));
            Arm();
        }
    }

    /// <summary>A name is known, or nobody waits for it any more.</summary>
    internal void End(string name)
    {
        lock (_gate)
        {
            _waiting.Remove(name);
            _over.Remove(name);
        }
    }

    private void Arm()
    {
        if (_isArmed || !_order.TryPeek(out var first))
        {
            return;
        }

        _isArmed = true;
        var left = hold - time.GetElapsedTime(first.Since);
        left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        _timer ??= time.CreateTimer(_ => OnTime(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(left, Timeout.InfiniteTimeSpan);
    }

    private void OnTime()
    {
        var names = new List<string>();
        lock (_gate)
        {
            _isArmed = false;
            while (_order.TryPeek(out var first) && time.GetElapsedTime(first.Since) >= hold)
            {
                _order.Dequeue();

                // One that ended meanwhile, and perhaps began anew, has another beginning.
                if (_waiting.TryGetValue(first.Name, out var since) && since == first.Since)
                {
                    _waiting.Remove(first.Name);
                    _over.Add(first.Name);
                    names.Add(first.Name);
                }
            }

            Arm();
        }

        if (names.Count > 0)
        {
            over(names);
        }
    }
}
