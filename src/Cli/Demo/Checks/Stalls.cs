using System.Collections.Concurrent;
using System.Globalization;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// How long the machine stood still while something was measured: a timer that comes late tells of it. Who is late by
/// no more than that, on top of what it may be, was not seen to be late; nobody is early for it. Runs from its
/// construction until it is disposed. Thread-safe.
/// </summary>
internal sealed class Stalls : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(long From, long To)> _stalls = new();
    private readonly Task _loop;
    private long _last;

    internal Stalls(TimeProvider time)
    {
        _time = time;
        _last = time.GetTimestamp();
        _loop = RunAsync();
    }

    /// <summary>How late the timer was at worst between two timestamps of the clock; one that is due now counts
    /// too.</summary>
    internal TimeSpan Worst(long from, long to)
    {
        var worst = TimeSpan.Zero;
        foreach (var (begun, ended) in _stalls.Append((Volatile.Read(ref _last), _time.GetTimestamp())))
        {
            var late = _time.GetElapsedTime(begun, ended) - Tick;
            worst = begun <= to && ended >= from && late > worst ? late : worst;
        }

        return worst;
    }

    /// <summary>The same from a timestamp until now.</summary>
    internal TimeSpan Worst(long from) => Worst(from, _time.GetTimestamp());

    /// <summary>For a report: nothing where the machine did not stand still for as long as anybody would
    /// notice.</summary>
    internal string Told(long from) =>
        Worst(from).TotalMilliseconds is >= 100 and var worst
            ? string.Create(CultureInfo.InvariantCulture, $" (the machine stood still for {worst:0} ms)")
            : "";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            await Task.Delay(Tick, _time, _stop.Token).ConfigureAwait(false);
            var (begun, now) = (_last, _time.GetTimestamp());
            if (_time.GetElapsedTime(begun, now) > 2 * Tick)
            {
                _stalls.Enqueue((begun, now));
            }

            Volatile.Write(ref _last, now);
        }
    }
}
