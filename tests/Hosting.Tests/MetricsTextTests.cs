using System.Text;

namespace Fairlead.Hosting.Tests;

public sealed class MetricsTextTests
{
    [Fact]
    public void Text_OfAllKinds_IsWhatPrometheusReads()
    {
        var refused = new CounterFamily(valuesMax: 2);
        refused.With("B").Add();
        refused.With("A").Add(2);
        refused.With("C").Add();
        refused.With("D").Add();
        refused.With("B").Add();
        var page = new MetricsText()
            .Gauge("x_ready", "1 while\nready \\ up.", 1)
            .Counter("x_refused_total", "Refused.", "failure", refused.Values)
            .Gauge("x_odd", "Odd.", "name", [("a\"b", 0.5)])
            .ToPage();
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", page.ContentType);
        Assert.Equal(
            """
            # HELP x_ready 1 while\nready \\ up.
            # TYPE x_ready gauge
            x_ready 1
            # HELP x_refused_total Refused.
            # TYPE x_refused_total counter
            x_refused_total{failure="A"} 2
            x_refused_total{failure="B"} 2
            x_refused_total{failure="other"} 2
            # HELP x_odd Odd.
            # TYPE x_odd gauge
            x_odd{name="a\"b"} 0.5

            """,
            Encoding.UTF8.GetString(page.Body.Span));
    }
}
