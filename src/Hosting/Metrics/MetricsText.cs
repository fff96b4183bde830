using System.Globalization;
using System.Text;

namespace Fairlead.Hosting;

/// <summary>
/// The numbers of a program at one moment, and the text format in which Prometheus scrapes them, version 0.0.4: for
/// each metric its help, its type, its samples. Not thread-safe.
/// </summary>
public sealed class MetricsText
{
    private readonly List<Metric> _metrics = [];

    /// <summary>The metrics in the order in which they were added.</summary>
    public IReadOnlyList<Metric> Metrics => _metrics;

    /// <summary>A number that only grows; its name ends in <c>_total</c>.</summary>
    public MetricsText Counter(string name, string help, double value) => Add(name, true, help, "", [("", value)]);

    /// <summary>Numbers that only grow, by a label.</summary>
    public MetricsText Counter(
        string name, string help, string label, IEnumerable<(string Label, double Value)> values) =>
        Add(name, true, help, label, [.. values]);

    /// <summary>A number that rises and falls.</summary>
    public MetricsText Gauge(string name, string help, double value) => Add(name, false, help, "", [("", value)]);

    /// <summary>Numbers that rise and fall, by a label.</summary>
    public MetricsText Gauge(
        string name, string help, string label, IEnumerable<(string Label, double Value)> values) =>
        Add(name, false, help, label, [.. values]);

    /// <summary>The page.</summary>
    public Page ToPage()
    {
        var text = new StringBuilder();
        foreach (var metric in _metrics)
        {
            Write(text, metric);
        }

        return Page.Plain(200, text.ToString(), "text/plain; version=0.0.4; charset=utf-8");
    }

    private static void Write(StringBuilder text, Metric metric)
    {
        var type = metric.IsCounter ? "counter" : "gauge";
        text.Append(
            CultureInfo.InvariantCulture,
            $"# HELP {metric.Name} {Escape(metric.Help)}\n# TYPE {metric.Name} {type}\n");
        foreach (var (value, number) in metric.Samples)
        {
            var labels = metric.Label.Length == 0
                ? ""
                : $"{{{metric.Label}=\"{Escape(value).Replace("\"", "\\\"", StringComparison.Ordinal)}\"}}";
            text.Append(CultureInfo.InvariantCulture, $"{metric.Name}{labels} {number}\n");
        }
    }

    private MetricsText Add(
        string name, bool isCounter, string help, string label, IReadOnlyList<(string Label, double Value)> samples)
    {
        _metrics.Add(new Metric(name, isCounter, help, label, samples));
        return this;
    }

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
