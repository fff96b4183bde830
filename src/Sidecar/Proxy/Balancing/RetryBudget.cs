namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// How many retries may be under way: a fifth of the requests, and three in any case. When everything fails, retries
/// would otherwise multiply the load on what is left. Thread-safe.
/// </summary>
internal sealed class RetryBudget
{
    private const int Least = 3;
    private const int Share = 5;

    private int _requests;
    private int _retries;

    /// <summary>A request begins.</summary>
    internal void Begin() => Interlocked.Increment(ref _requests);

    /// <summary>A request ends, with its retries.</summary>
    internal void End(int retries)
    {
        Interlocked.Decrement(ref _requests);
        Interlocked.Add(ref _retries, -retries);
    }

    /// <summary>Takes one retry, to be given back by <see cref="End"/>; false where there are too many.</summary>
    internal bool TryRetry()
    {
        if (Interlocked.Increment(ref _retries) <= Math.Max(Least, Volatile.Read(ref _requests) / Share))
        {
            return true;
        }

        Interlocked.Decrement(ref _retries);
        return false;
    }
}
