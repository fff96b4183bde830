using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Bench;

/// <summary>Durations of single operations, and their percentiles. Not safe for concurrent use.</summary>
internal sealed class Latencies(int capacity)
{
    private readonly List<double> _microseconds = new(capacity);

    /// <summary>How many there are.</summary>
    public int Count => _microseconds.Count;

    /// <summary>Times one operation.</summary>
    public void Measure(Action operation)
    {
        var start = Stopwatch.GetTimestamp();
        operation();
        _microseconds.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
    }

    /// <summary>Times one operation to its completion.</summary>
    public async Task MeasureAsync(Func<Task> operation)
    {
        var start = Stopwatch.GetTimestamp();
        await operation();
        _microseconds.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
    }

    /// <summary>Takes a duration that was measured elsewhere.</summary>
    public void Add(TimeSpan duration) => _microseconds.Add(duration.TotalMicroseconds);

    /// <summary>The duration that <paramref name="percent"/> of the operations did not exceed, in milliseconds.
    /// </summary>
    public double Milliseconds(double percent)
    {
        var sorted = _microseconds.Order().ToArray();
        return sorted[Math.Clamp((int)Math.Ceiling(sorted.Length * percent / 100) - 1, 0, sorted.Length - 1)] / 1_000;
    }

    /// <summary>Rows <c>name p50</c> and <c>name p99</c>.</summary>
    public IEnumerable<BenchRow> Rows(
        string name, double? budget50 = null, double? budget99 = null, string note = "") =>
    [
        new(name + " p50", Milliseconds(50), "ms", budget50) { Note = note },
        new(name + " p99", Milliseconds(99), "ms", budget99)
        {
            Note = string.Create(CultureInfo.InvariantCulture, $"of {Count}, max {Milliseconds(100):0.#} ms"),
        },
    ];
}
