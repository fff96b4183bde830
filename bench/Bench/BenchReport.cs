using System.Globalization;
using System.Text.Json;

namespace Fairlead.Bench;

/// <summary>Prints rows as they come and writes all of them as JSON.</summary>
internal sealed class BenchReport(TextWriter output)
{
    private readonly List<BenchRow> _rows = [];

    public void Add(BenchRow row)
    {
        _rows.Add(row);
        var budget = row.Budget is { } most ? $"<= {Number(most)}{(row.IsOver ? "  OVER" : "")}" : "";
        output.WriteLine($"{row.Name,-56} {Number(row.Value),12} {row.Unit,-6} {budget}".TrimEnd());
    }

    public int Over => _rows.Count(r => r.IsOver);

    /// <summary>Writes <c>{"rows":[{"name","value","unit","budget"?}]}</c>.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = File.Create(path);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteStartArray("rows");
        foreach (var row in _rows)
        {
            json.WriteStartObject();
            json.WriteString("name", row.Name);
            json.WriteNumber("value", row.Value);
            json.WriteString("unit", row.Unit);
            if (row.Budget is { } budget)
            {
                json.WriteNumber("budget", budget);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Number(double value) =>
        value.ToString(Math.Abs(value) >= 100 ? "0" : "0.###", CultureInfo.InvariantCulture);
}
