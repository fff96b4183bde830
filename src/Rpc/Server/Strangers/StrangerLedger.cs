using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Rpc;

/// <summary>
/// Who is connected to a server and not accepted yet, and what it holds for them. All of it is bounded: where one more
/// would be too much, it is taken from those who have most, so that nobody's first contact depends on how much another
/// address holds. Whoever is accepted leaves it. Thread-safe.
/// </summary>
internal sealed class StrangerLedger : IDisposable
{
    // Looks are taken so often in the time that a connection may be idle.
    private const int LooksInIdle = 4;

    // What is asked to close and does not is cut off.
    private static readonly TimeSpan ClosingGrace = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly StrangerLimits _limits;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly LinkedList<Stranger> _strangers = new();
    private readonly Dictionary<StrangerOrigin, (int Connections, long Bytes)> _origins = [];
    private long _bytes;

    /// <param name="limits">The bounds.</param>
    /// <param name="time">The clock of idle connections.</param>
    public StrangerLedger(StrangerLimits limits, TimeProvider time)
    {
        _limits = limits;
        _time = time;
        _timer = time.CreateTimer(
            static self => ((StrangerLedger)self!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many connections are strangers', and how many bytes are held for them.</summary>
    public (int Connections, long Bytes) Count
    {
        get
        {
            lock (_gate)
            {
                return (_strangers.Count, _bytes);
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Serves a connection, counted until somebody on it is accepted.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var stranger = Enter(connection);
        connection.Features.Set(stranger);

        // All above takes its memory from there: what no call has read yet, and what its caller does not read.
        var pool = (PagePool)connection.Features.GetRequiredFeature<IMemoryPoolFeature>().MemoryPool;
        connection.Features.Set<IMemoryPoolFeature>(new StrangerPages(pool, stranger));
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Remove(stranger);
        }
    }

    /// <summary>Counts a connection that has just come.</summary>
    public Stranger Enter(ConnectionContext connection)
    {
        var stranger = new Stranger(this, connection, _time.GetTimestamp());
        Stranger? dropped = null;
        lock (_gate)
        {
            stranger.Place = _strangers.AddLast(stranger);
            Tally(stranger, 1, 0);
            if (_strangers.Count == 1)
            {
                _timer.Change(_limits.Idle / LooksInIdle, _limits.Idle / LooksInIdle);
            }

            if (_strangers.Count > _limits.Connections)
            {
                // The oldest of whoever has most: who is about to be accepted has not been here for long.
                var most = _origins.Values.Max(one => one.Connections);
                dropped = _strangers.First(one => _origins[one.Origin].Connections == most);
                Drop(dropped);
            }
        }

        Abort(dropped, StrangerRefusal.TooManyConnections);
        return stranger;
    }

    public StrangerRefusal? Begin(Stranger stranger)
    {
        StrangerRefusal? refusal;
        Stranger? dropped = null;
        var isLast = false;
        lock (_gate)
        {
            if (!stranger.IsCounted)
            {
                return stranger.IsDropped ? StrangerRefusal.TooManyStreams : null;
            }

            stranger.CallsInAll++;
            refusal = stranger.CallsInAll > _limits.CallsInAll ? StrangerRefusal.TooManyStreams
                : stranger.Calls >= _limits.CallsAtOnce ? StrangerRefusal.TooManyCalls
                : null;
            stranger.Calls += refusal is null ? 1 : 0;
            if (stranger.CallsInAll >= _limits.CallsInAll && stranger.ClosingSince is null)
            {
                isLast = true;
                stranger.ClosingSince = _time.GetTimestamp();
            }

            // Calls that were on their way when it was asked to close are no offence; others do not heed it.
            if (stranger.CallsInAll > _limits.CallsInAll + _limits.CallsAtOnce)
            {
                dropped = stranger;
                Drop(stranger);
            }
        }

        if (refusal is { } why)
        {
            _limits.Refused?.Invoke(why);
        }

        if (isLast)
        {
            stranger.Close();
        }

        dropped?.Abort();
        return refusal;
    }

    public void End(Stranger stranger)
    {
        lock (_gate)
        {
            if (stranger.IsCounted && --stranger.Calls == 0)
            {
                stranger.IdleSince = _time.GetTimestamp();
            }
        }
    }

    public void Hold(Stranger stranger, long more)
    {
        Stranger? dropped = null;
        lock (_gate)
        {
            if (!stranger.IsCounted)
            {
                return;
            }

            stranger.Bytes += more;
            Tally(stranger, 0, more);
            if (more > 0 && _bytes > _limits.Bytes)
            {
                var most = _origins.MaxBy(one => one.Value.Bytes).Key;
                dropped = _strangers.Where(one => one.Origin == most).MaxBy(one => one.Bytes)!;
                Drop(dropped);
            }
        }

        Abort(dropped, StrangerRefusal.TooManyBytes);
    }

    /// <summary>Counts it no longer: it was accepted, or is gone.</summary>
    public void Remove(Stranger stranger)
    {
        lock (_gate)
        {
            Forget(stranger);
        }
    }

    private void Look()
    {
        var now = _time.GetTimestamp();
        var closing = new List<(Stranger Stranger, StrangerRefusal Why)>();
        var cut = new List<Stranger>();
        lock (_gate)
        {
            foreach (var one in _strangers.ToList())
            {
                if (one.ClosingSince is { } asked)
                {
                    if (_time.GetElapsedTime(asked, now) >= ClosingGrace)
                    {
                        cut.Add(one);
                        Drop(one);
                    }
                }
                else if (WhyOver(one, now) is { } why)
                {
                    one.ClosingSince = now;
                    closing.Add((one, why));
                }
            }
        }

        foreach (var (stranger, why) in closing)
        {
            _limits.Refused?.Invoke(why);
            stranger.Close();
        }

        cut.ForEach(one => one.Abort());
    }

    private StrangerRefusal? WhyOver(Stranger one, long now) =>
        _time.GetElapsedTime(one.Since, now) >= _limits.Life ? StrangerRefusal.TooLong
        : one.Calls == 0 && _time.GetElapsedTime(one.IdleSince, now) >= _limits.Idle ? StrangerRefusal.Idle
        : null;

    private void Abort(Stranger? dropped, StrangerRefusal why)
    {
        if (dropped is not null)
        {
            _limits.Refused?.Invoke(why);
            dropped.Abort();
        }
    }

    private void Drop(Stranger stranger)
    {
        stranger.IsDropped = true;
        Forget(stranger);
    }

    private void Forget(Stranger stranger)
    {
        if (stranger.Place is not { } place)
        {
            return;
        }

        stranger.Place = null;
        _strangers.Remove(place);
        Tally(stranger, -1, -stranger.Bytes);
        stranger.IsCounted = false;
        if (_strangers.Count == 0)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void Tally(Stranger stranger, int connections, long bytes)
    {
        var (before, held) = _origins.GetValueOrDefault(stranger.Origin);
        _bytes += bytes;
        if (before + connections == 0)
        {
            _origins.Remove(stranger.Origin);
        }
        else
        {
            _origins[stranger.Origin] = (before + connections, held + bytes);
        }
    }
}
