using System.Globalization;
using System.Text.Json;

namespace Fairlead.Bench;

/// <summary>Prints rows as they come, under one head, and writes all of them as JSON. Used on one thread.</summary>
internal sealed class BenchReport(TextWriter output, Func<double> load)
{
    private readonly List<(BenchRow Row, double Load)> _rows = [];

    /// <summary>How many rows are over their budgets.</summary>
    public int Missed => _rows.Count(entry => entry.Row.IsMissed);

    /// <summary>How many rows this machine could not give.</summary>
    public int Skipped => _rows.Count(entry => entry.Row.Skipped is not null);

    /// <summary>Prints and keeps a row.</summary>
    public void Add(BenchRow row)
    {
        if (_rows.Count == 0)
        {
            Print("name", "measured", "unit", "budget", "verdict", "ratio, count, or why not");
        }

        _rows.Add((row, load()));
        Print(
            row.Name,
            row.Skipped is null ? Number(row.Value) : "-",
            row.Unit,
            row.Budget is { } most ? "<= " + Number(most) : "",
            row.Verdict,
            row.Skipped ?? row.Note);
    }

    /// <summary>Writes <c>{"rows":[{"name","value","unit","budget"?,"verdict"?,"note"?,"load"}]}</c>; a skipped
    /// row's value is null.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = File.Create(path);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteStartArray("rows");
        foreach (var (row, average) in _rows)
        {
            Write(json, row, average);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, BenchRow row, double average)
    {
        json.WriteStartObject();
        json.WriteString("name", row.Name);
        if (double.IsFinite(row.Value))
        {
            json.WriteNumber("value", row.Value);
        }
        else
        {
            json.WriteNull("value");
        }

        json.WriteString("unit", row.Unit);
        if (row.Budget is { } budget)
        {
            json.WriteNumber("budget", budget);
        }

        foreach (var (key, text) in new[] { ("verdict", row.Verdict), ("note", row.Skipped ?? row.Note) })
        {
            if (text.Length > 0)
            {
                json.WriteString(key, text);
            }
        }

        json.WriteNumber("load", average);
        json.WriteEndObject();
    }

    private void Print(string name, string measured, string unit, string budget, string verdict, string note) =>
        output.WriteLine($"{name,-66} {measured,10} {unit,-6} {budget,10} {verdict,-7} {note}".TrimEnd());

    private static string Number(double value) =>
        value.ToString(Math.Abs(value) >= 100 ? "0" : "0.###", CultureInfo.InvariantCulture);
}
