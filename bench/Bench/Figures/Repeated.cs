using System.Globalization;

namespace Fairlead.Bench;

/// <summary>Repetitions of one measurement: the median counts, the spread is shown beside it.</summary>
internal sealed class Repeated
{
    private readonly double[] _sorted;

    public Repeated(IEnumerable<double> values) => _sorted = [.. values.Order()];

    public double Median => _sorted[_sorted.Length / 2];

    /// <summary><c>9 x, 0.8 .. 1.1</c>.</summary>
    public string Spread => string.Create(
        CultureInfo.InvariantCulture, $"{_sorted.Length} x, {_sorted[0]:0.###} .. {_sorted[^1]:0.###}");

    /// <summary>Runs a measurement some times.</summary>
    public static Repeated Of(int times, Func<double> measure) =>
        new([.. Enumerable.Range(0, times).Select(_ => measure())]);
}
