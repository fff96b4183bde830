namespace Fairlead.Anchor.Serving;

/// <summary>
/// One waiter, any number of signallers: a signal given while nobody waits is kept, several count as one. Thread-safe.
/// </summary>
internal sealed class Wakeup(TimeProvider time)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wakes the waiter, now or when it comes.</summary>
    internal void Signal()
    {
        lock (_gate)
        {
            _signal.TrySetResult();
        }
    }

    /// <summary>Waits for a signal or the end of <paramref name="longest"/>.</summary>
    internal async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        Task signal;
        lock (_gate)
        {
            signal = _signal.Task;
        }

        if (longest > TimeSpan.Zero)
        {
            await signal.WaitAsync(longest, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (_gate)
        {
            if (_signal.Task.IsCompleted)
            {
                _signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
