namespace Fairlead.Bench;

/// <summary>One figure. A budget is the most the value may be; null where the figure is reported only.</summary>
internal sealed record BenchRow(string Name, double Value, string Unit, double? Budget = null)
{
    public bool IsOver => Value > Budget;
}

/// <summary>A named measurement of the list in Program.cs; it yields its rows when it is done.</summary>
internal sealed record Benchmark(string Name, Func<CancellationToken, Task<IReadOnlyList<BenchRow>>> Run);
