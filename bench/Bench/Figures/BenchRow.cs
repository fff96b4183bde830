namespace Fairlead.Bench;

/// <summary>One figure.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The figure; NaN where the row was skipped.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Budget">The most it may be; null where it is reported only.</param>
internal sealed record BenchRow(string Name, double Value, string Unit, double? Budget = null)
{
    /// <summary>A ratio, a count or the spread: what says more than the figure on a noisy machine.</summary>
    public string Note { get; init; } = "";

    /// <summary>Why it was not measured; null where it was.</summary>
    public string? Skipped { get; init; }

    public bool IsMissed => Skipped is null && Value > Budget;

    public string Verdict => this switch
    {
        { Skipped: not null } => "skipped",
        { Budget: null } => "",
        { IsMissed: true } => "MISSED",
        _ => "ok",
    };

    /// <summary>A row that this machine cannot give.</summary>
    public static BenchRow Skip(string name, string unit, double? budget, string reason) =>
        new(name, double.NaN, unit, budget) { Skipped = reason };
}

/// <summary>A named measurement of the list in Program.cs; it yields its rows when it is done.</summary>
internal sealed record Benchmark(string Name, Func<CancellationToken, Task<IReadOnlyList<BenchRow>>> Run);
