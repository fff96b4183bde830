namespace Fairlead.Hosting;

/// <summary>A number that only grows. Thread-safe.</summary>
public sealed class Counter
{
    private long _value;

    /// <summary>The number.</summary>
    public long Value => Interlocked.Read(ref _value);

    /// <summary>Counts.</summary>
    public void Add(long count = 1) => Interlocked.Add(ref _value, count);
}
