namespace Fairlead.TestKit.Processes;

/// <summary>Asks a program outside of this process again and again, where it cannot tell by itself.</summary>
public static class Eventually
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns when the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within the bound; with what it last saw.</exception>
    public static async Task<T> HoldsAsync<T>(
        Func<Task<T>> read, Func<T, bool> condition, TimeSpan bound, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Period);
        while (true)
        {
            var seen = await read();
            if (condition(seen))
            {
                return seen;
            }

            if (TimeProvider.System.GetElapsedTime(started) > bound)
            {
                throw new TimeoutException($"not so after {bound}; last seen: {seen}");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
