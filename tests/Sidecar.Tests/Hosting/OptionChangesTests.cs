using System.Reflection;
using Fairlead.Configuration;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Hosting.Reloading;
using Fairlead.Sidecar.Proxy;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>Which option a running sidecar takes over, and which waits for a restart; each has its name in the
/// file.</summary>
public sealed class OptionChangesTests
{
    private static readonly string[] Start =
    [
        "bootstrap: b.json", "key: k.pem", "imports: [a.shop.svc.us1.internal]", "admin: 127.0.0.1:1",
        "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:3}", "dns: {address: 127.0.0.1:4, upstreams: []}",
    ];

    public static TheoryData<string, string, bool> Changes => new()
    {
        { "imports: [a.shop.svc.us1.internal, b.shop.svc.us1.internal]", "imports", true },
        { "imports: []", "imports", true },
        { "telemetry: {otlp: 'http://127.0.0.1:4318'}", "telemetry", true },
        { "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:3, budget: 1s}", "proxy.budget", true },
        { "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:3, access_log: off}", "proxy.access_log", true },
        { "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:3, access_log_share: 0.5}", "proxy.access_log_share", true },
        { "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:3, access_log_paths: false}", "proxy.access_log_paths", true },
        { "dns: {address: 127.0.0.1:4, upstreams: [127.0.0.1:5]}", "dns.upstreams", true },
        { "dns: {address: 127.0.0.1:4}", "dns.upstreams", true },
        { "dns: {address: 127.0.0.1:4, upstreams: [], ttl_max: 1s}", "dns.ttl_max", true },
        { "log: {format: json}", "log.format", false },
        { "bootstrap: c.json", "bootstrap", false },
        { "key: l.pem", "key", false },
        { "subject: shop/other", "subject", false },
        { "state: kept", "state", false },
        { "xds: {socket: x.sock}", "xds.socket", false },
        { "xds: {address: 127.0.0.1:9}", "xds.address", false },
        { "xds: {on_demand: {hold: 1s}}", "xds.on_demand", false },
        { "xds: {on_demand: {first_request_host: any.shop.svc.us1.internal}}", "xds.on_demand", false },
        { "xds: {on_sidecar_loss: expire}", "xds.on_sidecar_loss", false },
        { "xds: {clusters: {outliers: {failures: 3}}}", "xds.clusters", false },
        { "xds: {clusters: {families: ipv4}}", "xds.clusters", false },
        { "xds: {spiffe: {certificate: c, key: k}}", "xds.spiffe", false },
        { "xds: {grpc: {authorities: default}}", "xds.grpc", false },
        { "xds: {grpc: {domains: [{domain: a.example, authorities: a}]}}", "xds.grpc", false },
        { "admin: 127.0.0.1:9", "admin", false },
        { "metrics: 127.0.0.1:9", "metrics", false },
        { "ttl_cap: 9s", "ttl_cap", false },
        { "unsafe_allow_loopback_endpoints: true", "unsafe_allow_loopback_endpoints", false },
        { "proxy: {enabled: false}", "proxy", false },
        { "proxy: {http: 127.0.0.1:9, h2c: 127.0.0.1:3}", "proxy.http", false },
        { "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:9}", "proxy.h2c", false },
        { "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:3, region: r}", "proxy.region", false },
        { "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:3, drain: 1s}", "proxy.drain", false },
        { "proxy: {http: 127.0.0.1:2, h2c: 127.0.0.1:3, spiffe: {certificate: c, key: k, bundle: b}}",
            "proxy.spiffe", false },
        { "dns:", "dns", false },
        { "dns: {address: 127.0.0.1:9, upstreams: []}", "dns.address", false },
        { "dns: {address: 127.0.0.1:4, upstreams: [], zones: [us1.internal]}", "dns.zones", false },
        { "dns: {address: 127.0.0.1:4, upstreams: [], vip_cidr: 127.5.0.0/16}", "dns.vip_cidr", false },
        { "dns: {address: 127.0.0.1:4, upstreams: [], own_ports: [8080]}", "dns.own_ports", false },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Change_OfOneOption_IsNamedAndTakenOverOrNot(string line, string key, bool isLive)
    {
        var (before, after) = (Read(), Read(line));
        var changes = OptionChanges.Between(before, after);
        Assert.Equal(isLive ? [key] : [], changes.Live);
        Assert.Equal(isLive ? [] : [key], changes.Fixed);

        // What was taken over is no change any more; what was not still is.
        var merged = OptionChanges.Between(OptionChanges.Merge(before, after), after);
        Assert.Empty(merged.Live);
        Assert.Equal(changes.Fixed, merged.Fixed);
    }

    [Fact]
    public void Options_ThatAreWrittenOtherwiseAndMeanTheSame_AreNoChange() => Assert.Equivalent(
        OptionChanges.None,
        OptionChanges.Between(
            Read("imports: [b.shop.svc.us1.internal, a.shop.svc.us1.internal]", "ttl_cap: 60s"),
            Read("imports: [a.shop.svc.us1.internal, b.shop.svc.us1.internal]", "ttl_cap: 1m")));

    /// <summary>Whoever adds an option decides what a reload does with it.</summary>
    [Fact]
    public void Options_AllOfThem_AreCompared()
    {
        Assert.Equal(
            "Admin Bootstrap Dns Identity Imports Log Metrics OnDemand Proxy State Subject Telemetry TtlCap "
            + "UnsafeAllowLoopbackEndpoints XdsAddress XdsClusters XdsGrpc XdsKeptFor XdsSocket XdsSvid",
            Properties(typeof(SidecarOptions)));
        Assert.Equal(
            "Address OwnPorts Servers SystemServers TtlMax Upstreams Vips Zones", Properties(typeof(DnsSettings)));
        var proxy = new List<string>();
        foreach (var property in typeof(ProxyOptions).GetProperties(All).Select(one => one.Name))
        {
            if (File.ReadAllText(Source("src/Sidecar/Proxy/ProxySettings.cs")).Contains(
                $" {property} = ", StringComparison.Ordinal))
            {
                proxy.Add(property);
            }
        }

        Assert.Equal(
            "AccessLog AccessLogPaths AccessLogShare Budget Drain Http1 Http2 Region Spiffe Zone",
            string.Join(' ', proxy.Order(StringComparer.Ordinal)));
    }

    private const BindingFlags All = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static string Properties(Type type) => string.Join(
        ' ',
        type.GetProperties(All).Select(one => one.Name).Where(name => name != "EqualityContract")
            .Order(StringComparer.Ordinal));

    private static string Source(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, path)))
            {
                return Path.Combine(folder.FullName, path);
            }
        }

        throw new FileNotFoundException(path);
    }

    private static SidecarOptions Read(params string[] lines)
    {
        var all = Start.Concat(lines).GroupBy(line => line.Split(':')[0]).Select(group => group.Last());
        return SidecarOptions.Read(ConfigurationFile.Parse(
            "sidecar.yaml", "/", System.Text.Encoding.UTF8.GetBytes(string.Join('\n', all)),
            new Dictionary<string, string>()));
    }
}
