namespace Fairlead.Resolver;

/// <summary>One moment on both clocks.</summary>
/// <param name="Monotonic">Milliseconds on a clock that never goes back: lives are counted on it.</param>
/// <param name="Wall">Unix milliseconds: what documents say.</param>
public readonly record struct CacheTime(long Monotonic, long Wall)
{
    /// <summary>The present moment.</summary>
    public static CacheTime Now(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return new CacheTime(
            (long)time.GetElapsedTime(0).TotalMilliseconds, time.GetUtcNow().ToUnixTimeMilliseconds());
    }
}
