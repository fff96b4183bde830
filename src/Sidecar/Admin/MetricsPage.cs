using Fairlead.Hosting;
using Fairlead.Resolver;
using Fairlead.Sidecar.Hosting;

namespace Fairlead.Sidecar.Admin;

/// <summary>The numbers of a sidecar, for the page <c>/metrics</c>. No label holds a name of a service.</summary>
internal static class MetricsPage
{
    internal static MetricsText Of(SidecarHost host)
    {
        var states = host.States.Newest;
        var numbers = new MetricsText()
            .Gauge("fairlead_sidecar_ready", "Whether the sidecar is ready.",
                host.Pending(isPublic: true).Count == 0 ? 1 : 0)
            .Gauge("fairlead_sidecar_names", "Names held, by state.", "state",
                Enum.GetValues<NameState>()
                    .Select(state => (NamesPage.StateName(state), (double)states.GetValueOrDefault(state))))
            .Gauge("fairlead_sidecar_answer_bytes", "Bytes of the answers held.", host.Resolver.Bytes)
            .Counter("fairlead_sidecar_config_reloads_total", "Looks at a changed configuration, by what came of them.",
                "outcome", [("applied", host.Reloads.Applied), ("refused", host.Reloads.Refused)])
            .Gauge("fairlead_sidecar_config_restart_needed",
                "Options that the file has otherwise than the running sidecar.", host.Reloads.RestartNeeded.Length)
            .Gauge("fairlead_sidecar_config_good", "Whether the configuration file as it is can be used.",
                host.Reloads.Errors.IsEmpty ? 1 : 0)
            .Gauge("fairlead_sidecar_xds_streams", "Open xDS streams.", host.Ads.StreamCount);
        if (host.Resolver.Memory.State.HomeState is { } home)
        {
            numbers.Gauge(
                "fairlead_sidecar_home_epoch", "The newest epoch held of the home segment.", home.NewestNumber);
        }

        if (host.Pod.ProxyOutcomes is { } outcomes)
        {
            numbers.Counter(
                "fairlead_sidecar_proxy_requests_total", "Requests of the proxy, by what came of them.", "reason",
                outcomes.Values);
        }

        if (host.Pod.DnsCounts is { } dns)
        {
            numbers
                .Counter(
                    "fairlead_sidecar_dns_answers_total", "DNS questions answered here, by response code.", "rcode",
                    dns.Answered.Values)
                .Counter(
                    "fairlead_sidecar_dns_forwarded_total", "DNS questions answered by an upstream, by response code.",
                    "rcode", dns.Forwarded.Values)
                .Counter(
                    "fairlead_sidecar_dns_dropped_total", "Messages to DNS that are no questions.", dns.Dropped.Value);
        }

        numbers.Counter(
            "fairlead_sidecar_lags_total", "Answers of anchors that had not heard yet what another one said.",
            host.Resolver.Troubles.Lags);
        return numbers.Counter(
            "fairlead_sidecar_refusals_total", "Answers refused and anchors failed, by error.", "failure",
            host.Resolver.Troubles.Counts.Select(one => (one.Key.ToString(), (double)one.Value)));
    }
}
