using System.Globalization;
using System.Text;

namespace Fairlead.Hosting;

/// <summary>
/// The text format that Prometheus scrapes, version 0.0.4: for each metric its help, its type, its samples. Not
/// thread-safe.
/// </summary>
public sealed class MetricsText
{
    private readonly StringBuilder _text = new();

    /// <summary>A number that only grows; its name ends in <c>_total</c>.</summary>
    public MetricsText Counter(string name, string help, double value) => Add(name, "counter", help, [("", value)], "");

    /// <summary>Numbers that only grow, by a label.</summary>
    public MetricsText Counter(
        string name, string help, string label, IEnumerable<(string Label, double Value)> values) =>
        Add(name, "counter", help, values, label);

    /// <summary>A number that rises and falls.</summary>
    public MetricsText Gauge(string name, string help, double value) => Add(name, "gauge", help, [("", value)], "");

    /// <summary>Numbers that rise and fall, by a label.</summary>
    public MetricsText Gauge(
        string name, string help, string label, IEnumerable<(string Label, double Value)> values) =>
        Add(name, "gauge", help, values, label);

    /// <summary>The page.</summary>
    public Page ToPage() => Page.Plain(200, _text.ToString(), "text/plain; version=0.0.4; charset=utf-8");

    private MetricsText Add(
        string name, string type, string help, IEnumerable<(string Label, double Value)> values, string label)
    {
        _text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {Escape(help)}\n# TYPE {name} {type}\n");
        foreach (var (value, number) in values)
        {
            var labels = label.Length == 0
                ? ""
                : $"{{{label}=\"{Escape(value).Replace("\"", "\\\"", StringComparison.Ordinal)}\"}}";
            _text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {number}\n");
        }

        return this;
    }

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
