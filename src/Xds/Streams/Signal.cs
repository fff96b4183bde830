using System.Threading.Tasks.Sources;

namespace Fairlead.Xds.Streams;

/// <summary>
/// Wakes the one task that waits, again and again and without allocation. Words that are told while it does not wait
/// are one word when it does; none is lost. Telling is safe for concurrent use; one task waits at a time.
/// </summary>
internal sealed class Signal : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private int _isTold;

    /// <summary>Ends the wait.</summary>
    /// <param name="goesOn">Whether what waits may go on at once on this thread, which must hold no lock then; else it
    /// does on one of the pool.</param>
    public void Tell(bool goesOn)
    {
        // Whoever published something before this is seen by whoever took the word that was told already.
        if (Interlocked.Exchange(ref _isTold, 1) == 0)
        {
            _core.RunContinuationsAsynchronously = !goesOn;
            _core.SetResult(true);
        }
    }

    /// <summary>Ends with the next word, or at once with one that was told since the last wait. What is looked at
    /// afterwards is as new as the word.</summary>
    public ValueTask WaitAsync() => new(this, _core.Version);

    void IValueTaskSource.GetResult(short token)
    {
        _core.GetResult(token);
        _core.Reset();
        Interlocked.Exchange(ref _isTold, 0);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
