using System.Collections.Immutable;
using System.Globalization;
using Fairlead.Identities;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Serving;
using Fairlead.Telemetry;

namespace Fairlead.Sidecar.Hosting.Reloading;

/// <summary>
/// What differs between two configurations, by the names that the file has for it. Immutable.
/// </summary>
/// <param name="Live">What a running sidecar takes over, ascending.</param>
/// <param name="Fixed">What only a start reads, ascending.</param>
internal sealed record OptionChanges(ImmutableArray<string> Live, ImmutableArray<string> Fixed)
{
    /// <summary>No change.</summary>
    internal static OptionChanges None { get; } = new([], []);

    /// <summary>
    /// The keys of which a running sidecar takes a new value. The others decide who the pod is, what it trusts, where
    /// it listens and what its resolver was built with.
    /// </summary>
    private static readonly ImmutableHashSet<string> LiveKeys =
    [
        "imports", "telemetry", "proxy.budget", "proxy.access_log", "proxy.access_log_share",
        "proxy.access_log_paths", "dns.upstreams", "dns.ttl_max",
    ];

    /// <summary>Compares two configurations.</summary>
    internal static OptionChanges Between(SidecarOptions before, SidecarOptions after)
    {
        var (old, now) = (Values(before), Values(after));
        var changed = old.Keys.Union(now.Keys)
            .Where(key => old.GetValueOrDefault(key) != now.GetValueOrDefault(key))
            .Order(StringComparer.Ordinal).ToList();

        // A part that is switched on or off is one change, whatever else its section says.
        changed.RemoveAll(key => key.StartsWith("proxy.", StringComparison.Ordinal) && changed.Contains("proxy"));
        changed.RemoveAll(key => key.StartsWith("dns.", StringComparison.Ordinal) && changed.Contains("dns"));
        return new OptionChanges(
            [.. changed.Where(LiveKeys.Contains)], [.. changed.Where(key => !LiveKeys.Contains(key))]);
    }

    /// <summary>What runs from now on: the new values of what can change, the old ones of what cannot.</summary>
    internal static SidecarOptions Merge(SidecarOptions before, SidecarOptions after) => before with
    {
        Imports = after.Imports,
        Telemetry = after.Telemetry,
        Proxy = before.Proxy is { } proxy && after.Proxy is { } tuned
            ? proxy with
            {
                Budget = tuned.Budget,
                AccessLog = tuned.AccessLog,
                AccessLogShare = tuned.AccessLogShare,
                AccessLogPaths = tuned.AccessLogPaths,
            }
            : before.Proxy,
        Dns = before.Dns is { } dns && after.Dns is { } changed
            ? dns with
            {
                Upstreams = changed.Upstreams,
                SystemServers = changed.SystemServers,
                TtlMax = changed.TtlMax,
            }
            : before.Dns,
    };

    private static Dictionary<string, string> Values(SidecarOptions options)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["bootstrap"] = options.Bootstrap,
            ["key"] = options.Identity.Key ?? "",
            ["spiffe"] = Text(options.Identity.Svid),
            ["token"] = options.Identity.Token ?? "",
            ["subject"] = options.Subject is { } subject ? $"{subject.Namespace}/{subject.Account}" : "",
            ["state"] = options.State ?? "",
            ["imports"] = Joined(options.Imports.Select(name => name.Text).Order(StringComparer.Ordinal)),
            ["xds.socket"] = options.XdsSocket,
            ["xds.spiffe"] = Text(options.XdsSvid),
            ["xds.on_demand"] = Text(options.OnDemand),
            ["xds.clusters"] = $"{options.XdsClusters}",
            ["xds.on_sidecar_loss"] = $"{options.XdsKeptFor}",
            ["xds.grpc"] = options.XdsGrpc is { } grpc
                ? Joined(
                [
                    grpc.Authorities ?? "", grpc.Certificate ?? "",
                    .. grpc.Domains.Select(pair => $"{pair.Key} {pair.Value}"),
                ])
                : "",
            ["xds.address"] = $"{options.XdsAddress}",
            ["admin"] = $"{options.Admin}",
            ["metrics"] = $"{options.Metrics}",
            ["telemetry"] = Text(options.Telemetry),
            ["log.format"] = $"{options.Log}",
            ["ttl_cap"] = $"{options.TtlCap}",
            ["unsafe_allow_loopback_endpoints"] = $"{options.UnsafeAllowLoopbackEndpoints}",
        };
        Add(values, options.Proxy);
        Add(values, options.Dns);
        return values;
    }

    private static void Add(Dictionary<string, string> values, ProxyOptions? proxy)
    {
        if (proxy is null)
        {
            return;
        }

        values["proxy"] = "on";
        values["proxy.http"] = $"{proxy.Http1}";
        values["proxy.h2c"] = $"{proxy.Http2}";
        values["proxy.region"] = proxy.Region ?? "";
        values["proxy.zone"] = proxy.Zone ?? "";
        values["proxy.budget"] = $"{proxy.Budget}";
        values["proxy.drain"] = $"{proxy.Drain}";
        values["proxy.access_log"] = $"{proxy.AccessLog}";
        values["proxy.access_log_share"] = proxy.AccessLogShare.ToString("R", CultureInfo.InvariantCulture);
        values["proxy.access_log_paths"] = $"{proxy.AccessLogPaths}";
        values["proxy.spiffe"] = Text(proxy.Spiffe);
    }

    private static void Add(Dictionary<string, string> values, DnsSettings? dns)
    {
        if (dns is null)
        {
            return;
        }

        values["dns"] = "on";
        values["dns.address"] = $"{dns.Address}";
        values["dns.upstreams"] = dns.Upstreams is { } upstreams
            ? $"[{Joined(upstreams)}]"
            : Joined(dns.SystemServers);
        values["dns.zones"] = Joined(dns.Zones.Select(zone => zone.Text));
        values["dns.vip_cidr"] = $"{dns.Vips.Network}";
        values["dns.own_ports"] = Joined(dns.OwnPorts);
        values["dns.ttl_max"] = $"{dns.TtlMax}";
    }

    private static string Text(SpiffePaths? paths) =>
        paths is null ? "" : Joined([paths.Certificate, paths.Key, paths.Bundle ?? ""]);

    private static string Text(OnDemandOptions onDemand) =>
        Joined([
            onDemand.XdsCluster, $"{onDemand.Endpoints}", $"{onDemand.Hold}", $"{onDemand.IsHoldChosen}",
            $"{onDemand.FirstRequest}", onDemand.FirstRequestHost ?? "",
        ]);

    private static string Text(TelemetryOptions? telemetry) => telemetry is null
        ? ""
        : Joined([
            telemetry.Otlp.AbsoluteUri, $"{telemetry.Interval}",
            telemetry.TraceRatio.ToString("R", CultureInfo.InvariantCulture)]);

    private static string Joined<T>(IEnumerable<T> parts) => string.Join('\n', parts);
}
