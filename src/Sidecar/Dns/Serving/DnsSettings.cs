using System.Collections.Immutable;
using System.Net;
using Fairlead.Configuration;
using Fairlead.Naming;

namespace Fairlead.Sidecar.Dns;

/// <summary>The section <c>dns</c> of a sidecar's configuration. Immutable.</summary>
internal sealed record DnsSettings
{
    private const int UpstreamsMax = 8;
    private const int ZonesMax = 64;
    private const int OwnPortsMax = 64;
    private const int DnsPort = 53;
    private const string ExpectsRange = "an IPv4 network of 8 to 30 bits, such as 127.99.0.0/16";

    /// <value>Where to listen, UDP and TCP. Default 127.0.0.1:16053.</value>
    internal required IPEndPoint Address { get; init; }

    /// <value>Where to forward to; null for <see cref="SystemServers"/>, empty for nowhere.</value>
    internal required ImmutableArray<IPEndPoint>? Upstreams { get; init; }

    /// <value>The servers of /etc/resolv.conf when the options were read; empty where <see cref="Upstreams"/> stand in
    /// the file.</value>
    internal required ImmutableArray<IPEndPoint> SystemServers { get; init; }

    /// <value>Where to forward to.</value>
    internal ImmutableArray<IPEndPoint> Servers => Upstreams ?? SystemServers;

    /// <value>The segments at and under which names are answered; empty for the home's parent and the pins.</value>
    internal required ImmutableArray<SegmentName> Zones { get; init; }

    /// <value>The addresses that services get. Default 127.99.0.0/16.</value>
    internal required VipRange Vips { get; init; }

    /// <value>The ports at which the pod's own programs listen on every address, ascending: no service gets an address
    /// that the proxy would have to listen at there.</value>
    internal required ImmutableArray<int> OwnPorts { get; init; }

    /// <value>The longest TTL that clients are told, in whole seconds. Default 5 s.</value>
    internal required TimeSpan TtlMax { get; init; }

    /// <summary>
    /// Reads the section: <c>enabled</c> (true where the section is there), <c>address</c>, <c>upstreams</c>,
    /// <c>zones</c>, <c>vip_cidr</c>, <c>own_ports</c>, <c>ttl_max</c>. What is wrong is added to the file's errors.
    /// </summary>
    /// <param name="root">The whole configuration.</param>
    /// <param name="resolvConf">Where the servers stand that are used where the file names none.</param>
    /// <returns>Null where DNS is off.</returns>
    internal static DnsSettings? Read(ConfigurationSection root, string resolvConf = ResolvConf.Path)
    {
        var section = root.Section("dns", isRequired: false);
        var isEnabled = section.Flag("enabled", section.IsPresent);
        var hasUpstreams = section.Has("upstreams");
        var upstreams = section.Values<IPEndPoint>(
            "upstreams", "the address of a DNS server, with or without a port", TryServer, 0, UpstreamsMax);
        var settings = new DnsSettings
        {
            Address = section.Endpoint("address", new IPEndPoint(IPAddress.Loopback, 16053)),
            Upstreams = hasUpstreams ? [.. upstreams] : null,
            SystemServers = isEnabled && !hasUpstreams ? ServersOf(section, resolvConf) : [],
            Zones = [.. section.Values<SegmentName>("zones", "the name of a segment", IsSegment, 0, ZonesMax)],
            Vips = section.Value<VipRange>("vip_cidr", ExpectsRange, IsRange, VipRange.Default, hasFallback: true)!,
            OwnPorts = [.. section.Values<int>("own_ports", "a port from 1 to 65535", IsPort, 0, OwnPortsMax)
                .Distinct().Order()],
            TtlMax = section.Duration("ttl_max", TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.FromSeconds(5)),
        };
        if (upstreams.Contains(settings.Address))
        {
            section.Refuse(
                "upstreams",
                $"holds {settings.Address}, which is this server itself",
                "give the servers to forward to");
        }

        return isEnabled ? settings : null;
    }

    // With the options and not later: what cannot be read is an error like any other, and nothing is half applied.
    private static ImmutableArray<IPEndPoint> ServersOf(ConfigurationSection section, string resolvConf)
    {
        try
        {
            return ResolvConf.Read(resolvConf);
        }
        catch (IOException e)
        {
            section.Refuse(
                "upstreams", $"is not given, and {resolvConf} cannot be read: {e.Message}",
                "write the servers to forward to, or let the sidecar read the file");
            return [];
        }
    }

    private static bool TryServer(string text, out IPEndPoint server)
    {
        server = null!;
        if (IpAddress.TryParse(text, out var address, out _))
        {
            server = new IPEndPoint(address, DnsPort);
        }
        else if (IpEndpoint.TryParse(text, out var endpoint, out _))
        {
            server = endpoint.ToIPEndPoint();
        }

        return server is not null;
    }

    private static bool IsPort(string text, out int port) => IpEndpoint.TryPort(text, out port);

    private static bool IsRange(string text, out VipRange range) => VipRange.TryParse(text, out range!);

    private static bool IsSegment(string text, out SegmentName name) => SegmentName.TryParse(text, out name!, out _);
}
