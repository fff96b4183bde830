namespace Fairlead.Sidecar.Dns;

/// <summary>An address that an earlier process gave and that does not work yet: who makes it work hears every word of
/// its service, also one that comes while it tries. Thread-safe.</summary>
internal sealed class KeptAddress
{
    private readonly Lock _gate = new();
    private ServiceView? _newest;
    private TaskCompletionSource? _changed;

    /// <summary>Hears what the service is now.</summary>
    /// <returns>Whether nobody tries yet.</returns>
    internal bool Hear(ServiceView service)
    {
        lock (_gate)
        {
            _newest = service;
            _changed?.TrySetResult();
            var isFirst = _changed is null;
            _changed ??= NewWord();
            return isFirst;
        }
    }

    /// <summary>The newest word, and what ends with the next; for the one that tries.</summary>
    internal (ServiceView Service, Task Changed) Take()
    {
        lock (_gate)
        {
            _changed = NewWord();
            return (_newest!, _changed.Task);
        }
    }

    /// <summary>Ends it where no word came since the one that was taken last.</summary>
    /// <param name="end">Makes that nobody tells it any more; no word is heard meanwhile.</param>
    /// <returns>False where a word came, which is to be tried.</returns>
    internal bool TryEnd(Action end)
    {
        lock (_gate)
        {
            if (_changed!.Task.IsCompleted)
            {
                return false;
            }

            end();
            return true;
        }
    }

    private static TaskCompletionSource NewWord() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
