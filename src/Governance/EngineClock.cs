namespace Fairlead.Governance;

/// <summary>
/// The time of an engine's steps, shared by the engines of one segment. Both times are in milliseconds and begin alike;
/// only the wall clock goes back when it is set right. What a document says is compared with <see cref="Now"/>; turns,
/// rounds, pauses and patience are told by <see cref="Elapsed"/>, so that a clock that leapt ahead ends them once and
/// holds up nothing afterwards. Not thread-safe: the engine's owner steps it.
/// </summary>
/// <param name="now">Unix milliseconds.</param>
internal sealed class EngineClock(long now)
{
    /// <summary>The wall clock, unix milliseconds, as it was given last.</summary>
    internal long Now { get; private set; } = now;

    /// <summary>How far the wall clock went forward, in all: it never goes back, and means nothing outside.</summary>
    internal long Elapsed { get; private set; } = now;

    /// <summary>By how much the wall clock went back, in all.</summary>
    internal long SetBack { get; private set; }

    /// <summary>A step begins.</summary>
    /// <param name="wall">Unix milliseconds.</param>
    internal void Step(long wall)
    {
        Elapsed += Math.Max(0, wall - Now);
        SetBack += Math.Max(0, Now - wall);
        Now = wall;
    }

    /// <summary>When a wall clock that goes on as it is shows a time, by <see cref="Elapsed"/>.</summary>
    internal long ToElapsed(long wall) => Elapsed + (wall - Now);

    /// <summary>What a wall clock that goes on as it is shows at a time by <see cref="Elapsed"/>.</summary>
    internal long ToWall(long elapsed) => Now + (elapsed - Elapsed);
}
