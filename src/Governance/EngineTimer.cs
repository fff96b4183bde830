namespace Fairlead.Governance;

/// <summary>The next time at which an engine wants a step, said again only where it is another one by either clock. Not
/// thread-safe.</summary>
/// <param name="clock">The engine's.</param>
internal sealed class EngineTimer(EngineClock clock)
{
    private (long Elapsed, long Wall) _said;

    /// <summary>When to step; null where whoever steps knows.</summary>
    /// <param name="elapsed">By <see cref="EngineClock.Elapsed"/>; what is over is due in a millisecond.</param>
    /// <returns>Unix milliseconds.</returns>
    internal long? Set(long elapsed)
    {
        var at = Math.Max(elapsed, clock.Elapsed + 1);
        var next = (at, clock.ToWall(at));
        if (next == _said)
        {
            return null;
        }

        _said = next;
        return next.Item2;
    }
}
