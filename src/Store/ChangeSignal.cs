namespace Fairlead.Store;

/// <summary>Tells waiting watches that something changed. Take <see cref="Next"/> before looking, wait on it after
/// finding nothing: then no change is missed. Safe for concurrent use.</summary>
internal sealed class ChangeSignal
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Next => Volatile.Read(ref _next).Task;

    public void Raise() =>
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
