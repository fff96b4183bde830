using Fairlead.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Telemetry;

/// <summary>
/// Where a program's numbers and spans go now; a reload may send them elsewhere. Nothing is loaded before the first
/// collector is named. Thread-safe.
/// </summary>
/// <param name="program">What the program is, such as <c>fairlead-anchor</c>.</param>
/// <param name="instance">Which of them it is.</param>
/// <param name="numbers">Its numbers of now.</param>
/// <param name="time">Counts the interval.</param>
/// <param name="log">Hears once of each failure to read the numbers.</param>
public sealed class TelemetrySwitch(
    string program,
    string instance,
    Func<CancellationToken, ValueTask<MetricsText>> numbers,
    TimeProvider time,
    ILogger log) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private IAsyncDisposable? _current;
    private Task _ending = Task.CompletedTask;
    private bool _isEnded;

    /// <summary>
    /// Sends there from now on. What went elsewhere before sends what it has beside it: a collector that is gone holds
    /// up nobody.
    /// </summary>
    /// <param name="to">Where to; null for nowhere.</param>
    public void SendTo(TelemetryOptions? to)
    {
        lock (_gate)
        {
            if (!_isEnded)
            {
                // First the new one: should it fail, the old one goes on.
                Replace(to is null ? null : Start(to));
            }
        }
    }

    /// <summary>Sends what is left and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        Task ending;
        lock (_gate)
        {
            _isEnded = true;
            Replace(null);
            ending = _ending;
        }

        await ending.ConfigureAwait(false);
    }

    private void Replace(IAsyncDisposable? next)
    {
        if (_current is { } old)
        {
            _ending = Task.WhenAll(_ending, old.DisposeAsync().AsTask());
        }

        _current = next;
    }

    // Apart, so that a program without a collector loads nothing of it.
    private TelemetryExport Start(TelemetryOptions to) => new(to, program, instance, numbers, time, log);
}
