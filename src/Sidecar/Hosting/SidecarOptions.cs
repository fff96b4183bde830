using System.Collections.Immutable;
using System.Net;
using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Names;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.Telemetry;

namespace Fairlead.Sidecar.Hosting;

/// <summary>The configuration of one sidecar. Immutable.</summary>
internal sealed record SidecarOptions
{
    // Half of what a resolver holds: the others are for names that are asked for without being imported.
    private const int ImportsMax = 5_000;

    /// <value>The bootstrap file: the only trust root.</value>
    internal required string Bootstrap { get; init; }

    /// <value>How the pod proves itself to its home.</value>
    internal required PodIdentity Identity { get; init; }

    /// <value>Who the pod is at home, <c>namespace/account</c>; null where the bootstrap file or the proof says
    /// it.</value>
    internal required Subject? Subject { get; init; }

    /// <value>The folder of the verifier's state; null to remember nothing.</value>
    internal required string? State { get; init; }

    /// <value>The names that a client gets that asks for everything.</value>
    internal required IReadOnlyList<FullName> Imports { get; init; }

    /// <value>The unix socket of xDS. Default <c>/var/run/fairlead/xds.sock</c>.</value>
    internal required string XdsSocket { get; init; }

    /// <value>The files of the certificate that Envoy shows to endpoints with identities, where Envoy finds them; null
    /// where it shows none.</value>
    internal SpiffePaths? XdsSvid { get; init; }

    /// <value>What the bootstraps of proxyless gRPC clients offer to check endpoints by; null where they offer
    /// nothing.</value>
    internal GrpcProviders? XdsGrpc { get; init; }

    /// <value>The loopback address of xDS. Default 127.0.0.1:16010.</value>
    internal required IPEndPoint XdsAddress { get; init; }

    /// <value>How clusters are served on demand.</value>
    internal OnDemandOptions OnDemand { get; init; } = new();

    /// <value>How long an Envoy uses endpoints of names that are not strict at least when the sidecar is gone; null for
    /// as long as it lives.</value>
    internal TimeSpan? XdsKeptFor { get; init; }

    /// <value>What the operator wants of the clusters that clients get.</value>
    internal ClusterSettings XdsClusters { get; init; } = ClusterSettings.Default;

    /// <value>The admin port; loopback only. Default 127.0.0.1:16000.</value>
    internal required IPEndPoint Admin { get; init; }

    /// <value>
    /// Readiness and metrics, for the kubelet and Prometheus: reachable from outside, and telling nothing of names.
    /// Default port 16020 on every address.
    /// </value>
    internal required IPEndPoint Metrics { get; init; }

    /// <value>Where numbers and spans are sent; null for nowhere, as it is without the section
    /// <c>telemetry</c>.</value>
    internal TelemetryOptions? Telemetry { get; init; }

    /// <value>How the log is written, from the moment at which this is read. Default text.</value>
    internal LogFormat Log { get; init; }

    /// <value>The longest time an answer is kept; none by default.</value>
    internal required TimeSpan? TtlCap { get; init; }

    /// <value>Development only: loopback endpoints of other segments are used. Default false.</value>
    internal required bool UnsafeAllowLoopbackEndpoints { get; init; }

    /// <value>The HTTP proxy; null where it is off, as it is where the file has no section <c>proxy</c>.</value>
    internal required ProxyOptions? Proxy { get; init; }

    /// <value>DNS; null where it is off, as it is where the file has no section <c>dns</c>.</value>
    internal required DnsSettings? Dns { get; init; }

    /// <summary>Reads a configuration file and the variables laid over it.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; the message holds all of it.</exception>
    internal static SidecarOptions Load(
        string path, IReadOnlyDictionary<string, string> environment, string resolvConf = ResolvConf.Path)
    {
        var file = ConfigurationFile.Load(path, environment);
        var options = Read(file, resolvConf);
        file.ThrowIfInvalid();
        return options;
    }

    /// <summary>Reads the options; what is wrong is added to the file's errors, and stands in by its default.</summary>
    internal static SidecarOptions Read(ConfigurationFile file, string resolvConf = ResolvConf.Path)
    {
        var root = file.Root;
        var xds = root.Section("xds", isRequired: false);
        var options = new SidecarOptions
        {
            Bootstrap = root.ExistingFile("bootstrap"),
            Identity = PodIdentity.Read(root),
            Subject = root.Value<Subject>(
                "subject", "the pod's namespace/account, such as shop/frontend", IsSubject, null, hasFallback: true),
            State = root.OptionalFilePath("state"),
            Imports = root.Values<FullName>(
                "imports", "the full name of a service, such as checkout.shop.svc.us1.internal", IsImport,
                countMax: ImportsMax),
            XdsSocket = xds.SocketPath("socket", "/var/run/fairlead/xds.sock")!,
            XdsSvid = PodIdentity.SvidOf(xds.Section("spiffe", isRequired: false)),
            XdsGrpc = ProvidersOf(xds.Section("grpc", isRequired: false)),
            XdsAddress = xds.LoopbackEndpoint("address", new IPEndPoint(IPAddress.Loopback, 16010)),
            OnDemand = OnDemandOf(xds.Section("on_demand", isRequired: false)),
            XdsKeptFor = KeptForOf(xds),
            XdsClusters = ClusterOptions.Read(xds.Section("clusters", isRequired: false)),
            Admin = root.LoopbackEndpoint("admin", new IPEndPoint(IPAddress.Loopback, 16000)),
            Metrics = root.OpenEndpoint("metrics", 16020),
            Telemetry = TelemetryOptions.Read(root),
            Log = root.Section("log", isRequired: false).OneOf<LogFormat>("format", LogFormat.Text),
            TtlCap = root.OptionalDuration("ttl_cap", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            UnsafeAllowLoopbackEndpoints = root.Flag("unsafe_allow_loopback_endpoints", false),
            Proxy = ProxySettings.Read(root),
            Dns = DnsSettings.Read(root, resolvConf),
        };
        AddressClash.Refuse(root, Addresses(options));
        if (options.Dns is { } dns && VipTrouble(options, dns) is { } trouble)
        {
            root.Section("dns", isRequired: false).Refuse(
                "vip_cidr", trouble, "give a part of 127.0.0.0/8 that is nobody else's, such as 127.99.0.0/16");
        }

        return options;
    }

    // The proxy listens at these addresses for services, and DNS gives no address where the proxy does not.
    private static string? VipTrouble(SidecarOptions options, DnsSettings dns)
    {
        var taken = Addresses(options).Select(one => (one.Address, By: "this sidecar listens"))
            .Concat(dns.Servers.Select(server => (Address: server, By: "dns.upstreams has a server")))
            .Append((Address: new IPEndPoint(IPAddress.Loopback, 0), By: "the machine's own programs listen"));
        return !IPAddress.IsLoopback(dns.Vips.Network.BaseAddress)
                ? $"{dns.Vips} is reachable from outside, and the proxy that listens there has no authentication"
            : taken.FirstOrDefault(one => Holds(one.Address)) is { Address: { } other, By: var by }
                ? $"{dns.Vips} holds {other.Address}, where {by}"
            : dns.Vips.Count < options.Imports.Count
                ? $"{dns.Vips} has {dns.Vips.Count} addresses for {options.Imports.Count} imports"
            : null;

        bool Holds(IPEndPoint one) => dns.Vips.Network.Contains(one.Address);
    }

    // That http and h2c of the proxy differ is checked where both are read.
    private static IEnumerable<(string Section, string Key, IPEndPoint Address)> Addresses(SidecarOptions options)
    {
        yield return ("", "admin", options.Admin);
        yield return ("", "metrics", options.Metrics);
        yield return ("xds", "address", options.XdsAddress);
        if (options.Proxy is { } proxy)
        {
            yield return ("proxy", "http", proxy.Http1);
            if (!proxy.Http1.Equals(proxy.Http2))
            {
                yield return ("proxy", "h2c", proxy.Http2);
            }
        }

        if (options.Dns is { } dns)
        {
            yield return ("dns", "address", dns.Address);
        }
    }

    private static GrpcProviders? ProvidersOf(ConfigurationSection section)
    {
        if (!section.IsPresent)
        {
            return null;
        }

        var domains = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var one in section.Sections("domains"))
        {
            var (domain, authorities) = (one.Text("domain"), one.Text("authorities"));
            if (!SpiffeId.IsTrustDomain(domain))
            {
                // A typo would hold the domain that was meant against the authorities of all others.
                section.Refuse("domains", $"{domain} is no trust domain", "write it as it stands in the SPIFFE ids");
            }

            if (!domains.TryAdd(domain, authorities))
            {
                section.Refuse("domains", $"names {domain} twice", "write one entry for each trust domain");
            }
        }

        return new GrpcProviders(
            domains.Count == 0 ? section.Text("authorities") : section.OptionalText("authorities"),
            section.OptionalText("certificate"))
        {
            Domains = domains.ToImmutable(),
        };
    }

    private static TimeSpan? KeptForOf(ConfigurationSection xds)
    {
        // Longer than a restart and an Envoy's way back to it.
        var after = xds.Duration(
            "sidecar_loss_after", TimeSpan.FromSeconds(15), TimeSpan.FromHours(1), TimeSpan.FromMinutes(1));
        return xds.OneOf<SidecarLoss>("on_sidecar_loss", SidecarLoss.Keep) == SidecarLoss.Expire ? after : null;
    }

    private static bool IsImport(string text, out FullName name) =>
        FullName.TryParse(text, out name!, out _) && name.Service is not null;

    private static OnDemandOptions OnDemandOf(ConfigurationSection section)
    {
        var defaults = new OnDemandOptions();
        return new OnDemandOptions
        {
            XdsCluster = section.Text("cluster", defaults.XdsCluster),
            Endpoints = section.Value("endpoints", "stream or authority", TryEndpoints, EndpointSource.Stream, true),
            Hold = section.Duration(
                "hold", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), defaults.Hold),
            IsHoldChosen = section.Has("hold"),
            FirstRequest = section.Has("first_request")
                ? section.LoopbackEndpoint("first_request", new IPEndPoint(IPAddress.Loopback, 15080))
                : null,
            FirstRequestHost = section.Value<FullName>(
                "first_request_host", "the full name of a service, such as any.shop.svc.us1.internal", IsImport,
                hasFallback: true)?.Text,
        };
    }

    private static bool TryEndpoints(string text, out EndpointSource source)
    {
        source = text == "authority" ? EndpointSource.Authority : EndpointSource.Stream;
        return text is "authority" or "stream";
    }

    private static bool IsSubject(string text, out Subject subject)
    {
        var isOne = text.Split('/') is [{ Length: > 0 }, { Length: > 0 }];
        subject = isOne ? new Subject { Namespace = text.Split('/')[0], Account = text.Split('/')[1] } : null!;
        return isOne;
    }
}
