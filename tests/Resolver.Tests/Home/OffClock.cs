namespace Fairlead.Resolver.Tests.Home;

/// <summary>The system's clock, but for a wall clock that is off, or a monotonic one that a test moves. Timers run.
/// Thread-safe.</summary>
internal sealed class OffClock : TimeProvider
{
    private long _off;
    private long _still;

    /// <summary>How far the wall clock is off, in milliseconds.</summary>
    internal long Off
    {
        get => Volatile.Read(ref _off);
        set => Volatile.Write(ref _off, value);
    }

    /// <summary>Where the monotonic clock stands, in milliseconds; 0 where it goes.</summary>
    internal long Still
    {
        get => Volatile.Read(ref _still);
        set => Volatile.Write(ref _still, value);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromMilliseconds(Off);

    public override long GetTimestamp() =>
        Still is not 0 and var still ? still * TimestampFrequency / 1_000 : System.GetTimestamp();
}
