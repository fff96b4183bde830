using System.Globalization;
using System.Text;
using Fairlead.Resolver;
using Fairlead.Sidecar.Hosting;

namespace Fairlead.Sidecar.Admin;

/// <summary>The page <c>/metrics</c> in Prometheus' text format. No label holds a name of a service.</summary>
internal static class MetricsPage
{
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    internal static byte[] Write(SidecarHost host)
    {
        var page = new StringBuilder();
        Head(page, "fairlead_sidecar_ready", "gauge", "Whether the sidecar is ready.");
        Line(page, "fairlead_sidecar_ready", null, host.Pending(isPublic: true).Count == 0 ? 1 : 0);
        Head(page, "fairlead_sidecar_names", "gauge", "Names held, by state.");
        var states = host.Names.CountBy(name => name.State).ToDictionary();
        foreach (var state in Enum.GetValues<NameState>())
        {
            var count = states.GetValueOrDefault(state);
            Line(page, "fairlead_sidecar_names", ("state", NamesPage.StateName(state)), count);
        }

        Head(page, "fairlead_sidecar_answer_bytes", "gauge", "Bytes of the answers held.");
        Line(page, "fairlead_sidecar_answer_bytes", null, host.Resolver.Bytes);
        Head(page, "fairlead_sidecar_xds_streams", "gauge", "Open xDS streams.");
        Line(page, "fairlead_sidecar_xds_streams", null, host.Ads.Streams().Count);
        if (host.Resolver.Memory.State.HomeState is { } home)
        {
            Head(page, "fairlead_sidecar_home_epoch", "gauge", "The newest epoch held of the home segment.");
            Line(page, "fairlead_sidecar_home_epoch", null, home.NewestNumber);
        }

        Head(page, "fairlead_sidecar_refusals_total", "counter", "Answers refused and anchors failed, by error.");
        foreach (var (failure, count) in host.Resolver.Troubles.Counts)
        {
            Line(page, "fairlead_sidecar_refusals_total", ("failure", failure.ToString()), count);
        }

        return Encoding.UTF8.GetBytes(page.ToString());
    }

    private static void Head(StringBuilder page, string name, string kind, string help) =>
        page.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');

    private static void Line(StringBuilder page, string name, (string Key, string Value)? label, long value)
    {
        page.Append(name);
        if (label is var (key, text))
        {
            page.Append('{').Append(key).Append("=\"").Append(text).Append("\"}");
        }

        page.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}
