using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Fairlead.Bench.Tests;

/// <summary>The table and the file that a run leaves.</summary>
public sealed class BenchReportTests
{
    private static readonly BenchRow Good = new("a time", 4.5, "ms", 5) { Note = "9 x" };
    private static readonly BenchRow Missed = new("an allocation", 8, "B", 0);
    private static readonly BenchRow Free = new("a figure", 1234.4, "1/s");
    private static readonly BenchRow Skipped = BenchRow.Skip("an Envoy", "ms", 25, "no Envoy");

    [Fact]
    public void Row_AtItsBudget_IsOk() => Assert.Equal("ok", new BenchRow("x", 5, "ms", 5).Verdict);

    [Fact]
    public void Row_WithoutBudget_HasNoVerdict() => Assert.Equal("", Free.Verdict);

    [Fact]
    public void Table_EachRow_ShowsMeasuredBudgetVerdictAndNote()
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        var report = Report(output);
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Words).ToArray();
        Assert.Equal(["name", "measured", "unit", "budget", "verdict"], lines[0].Take(5));
        Assert.Equal(["a", "time", "4.5", "ms", "<=", "5", "ok", "9", "x"], lines[1]);
        Assert.Equal(["an", "allocation", "8", "B", "<=", "0", "MISSED"], lines[2]);
        Assert.Equal(["a", "figure", "1234", "1/s"], lines[3]);
        Assert.Equal(["an", "Envoy", "-", "ms", "<=", "25", "skipped", "no", "Envoy"], lines[4]);
        Assert.Equal((1, 1), (report.Missed, report.Skipped));
    }

    [Fact]
    public void File_EachRow_HoldsTheSame()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-bench-tests-").FullName;
        try
        {
            var path = Path.Combine(folder, "below", "bench.json");
            Report(TextWriter.Null).Write(path);
            using var file = JsonDocument.Parse(File.ReadAllBytes(path));
            var rows = file.RootElement.GetProperty("rows").EnumerateArray().ToArray();
            Assert.Equal(4, rows.Length);
            Assert.Equal((4.5, 5.0, "ok", "9 x", 2.5), Read(rows[0]));
            Assert.Equal("MISSED", rows[1].GetProperty("verdict").GetString());
            Assert.False(rows[2].TryGetProperty("verdict", out _));
            Assert.Equal(JsonValueKind.Null, rows[3].GetProperty("value").ValueKind);
            Assert.Equal("no Envoy", rows[3].GetProperty("note").GetString());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static BenchReport Report(TextWriter output)
    {
        var report = new BenchReport(output, () => 2.5);
        foreach (var row in new[] { Good, Missed, Free, Skipped })
        {
            report.Add(row);
        }

        return report;
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static (double Value, double Budget, string? Verdict, string? Note, double Load) Read(JsonElement row) => (
        row.GetProperty("value").GetDouble(),
        row.GetProperty("budget").GetDouble(),
        row.GetProperty("verdict").GetString(),
        row.GetProperty("note").GetString(),
        row.GetProperty("load").GetDouble());
}
