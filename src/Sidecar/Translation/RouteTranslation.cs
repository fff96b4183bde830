using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.HttpConnectionManagers;
using Fairlead.EnvoyApi.Listeners;
using Fairlead.EnvoyApi.Routers;
using Fairlead.EnvoyApi.Routes;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>Routes of a standalone Envoy, and the Listener and routes behind <c>xds:///name</c>. Pure.</summary>
internal static class RouteTranslation
{
    private const uint NotFound = 404;
    private const uint Forbidden = 403;
    private const uint BadGateway = 502;
    private const uint Unavailable = 503;
    private const uint GatewayTimeout = 504;

    /// <summary>
    /// The route configuration of a standalone Envoy: a virtual host per import and port, the bare name included where
    /// it decides a port. A name that is proven absent is answered 404, a denied one 403, an unreachable or
    /// refused one 502 and an expired one 504, without a cluster; everything else goes to its cluster, which answers
    /// 503 where it is empty. All of them say why in <c>fairlead-reason</c>.
    /// </summary>
    internal static RouteConfiguration Standalone(IEnumerable<ServedName> imports)
    {
        var routes = New(WellKnown.Routes);
        foreach (var name in imports.OrderBy(name => name.Name, StringComparer.Ordinal))
        {
            routes.VirtualHosts.AddRange(VirtualHosts(name));
        }

        return routes;
    }

    /// <summary>The routes that an Envoy asks for by the name of a service, in any spelling: whatever its host, to one
    /// cluster.</summary>
    /// <param name="routes">Their name.</param>
    /// <param name="name">What is served.</param>
    /// <param name="cluster">The cluster.</param>
    internal static RouteConfiguration ByName(string routes, ServedName name, string cluster) =>
        ByName(routes, To(name, cluster));

    /// <summary>The same where there is no cluster to lead to: answered by the reason alone.</summary>
    internal static RouteConfiguration ByName(string routes, string reason) =>
        ByName(routes, Answer(StatusOf(reason) ?? Unavailable, reason));

    /// <summary>Whether routes lead to a name's cluster, and do not answer for it.</summary>
    internal static bool LeadToCluster(ServedName name) => StatusOf(name.Reason) is null;

    private static RouteConfiguration ByName(string routes, Route route)
    {
        var all = New(routes);
        all.VirtualHosts.Add(VirtualHost(ClusterNames.IdOf(routes), ["*"], route));
        return all;
    }

    private static RouteConfiguration New(string name) => new()
    {
        Name = name,
        ValidateClusters = false,
        ResponseHeadersToAdd = { Reason($"%CLUSTER_METADATA({WellKnown.Metadata}:reason)%") },
    };

    /// <summary>The listener that a gRPC client asks for, by whichever spelling.</summary>
    internal static Listener ForGrpc(string listener, string routeConfiguration) => new()
    {
        Name = listener,
        ApiListener = new ApiListener
        {
            ApiListener_ = Any.Pack(new HttpConnectionManager
            {
                StatPrefix = listener,
                Rds = new Rds { ConfigSource = Sources.Ads(), RouteConfigName = routeConfiguration },
                HttpFilters = { new HttpFilter { Name = WellKnown.Router, TypedConfig = Any.Pack(new Router()) } },
            }),
        },
    };

    /// <summary>The route configuration that leads every request of a gRPC client to one cluster.</summary>
    /// <param name="routeConfiguration">Its name.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="streamMax">How long a call may be open: of a cluster's bound these clients read nothing (gRPC A31);
    /// null for as long as it likes.</param>
    internal static RouteConfiguration ToCluster(
        string routeConfiguration, string cluster, TimeSpan? streamMax = null)
    {
        var route = ToCluster(cluster);
        if (streamMax is { } max)
        {
            route.Route_.MaxStreamDuration = new RouteAction.Types.MaxStreamDuration
            {
                MaxStreamDuration_ = Duration.FromTimeSpan(max),
            };
        }

        return new RouteConfiguration
        {
            Name = routeConfiguration,
            VirtualHosts = { VirtualHost(routeConfiguration, ["*"], route) },
        };
    }

    private static IEnumerable<VirtualHost> VirtualHosts(ServedName name)
    {
        var bare = name.BarePort();
        if (bare is null)
        {
            // Nothing known, or nothing decided: the bare name's cluster exists and is empty, so that a request fails
            // at once and its cluster's metadata says why.
            string[] domains = [.. Spellings(name.Name, null), .. Spellings(name.Name, 80)];
            yield return VirtualHost(name.Name, domains, To(name, name.Name));
        }

        foreach (var port in name.Ports)
        {
            var canonical = ClusterNames.Canonical(name.Name, port.Number);
            yield return VirtualHost(canonical, Domains(name.Name, port, bare), To(name, canonical));
        }
    }

    // A client may write the default port of HTTP out, whatever port the bare name means.
    private static IEnumerable<string> Domains(string name, ServedPort port, ServedPort? bare)
    {
        IEnumerable<string> domains = Spellings(name, port.Number);
        if (ReferenceEquals(port, bare))
        {
            domains = domains.Concat(Spellings(name, null));
            if (port.Number != 80)
            {
                domains = domains.Concat(Spellings(name, 80));
            }
        }

        return domains;
    }

    // Envoy compares hosts without regard to case, and a trailing dot to the letter.
    private static string[] Spellings(string name, int? port) => port is { } number
        ? [ClusterNames.Canonical(name, number), ClusterNames.Canonical(name + ".", number)]
        : [name, name + "."];

    private static Route To(ServedName name, string cluster) =>
        StatusOf(name.Reason) is { } status ? Answer(status, name.Reason!) : ToCluster(cluster);

    // Of the others the cluster says why, which may be served soon.
    private static uint? StatusOf(string? reason) => reason switch
    {
        Reasons.Absent or Reasons.NoSuchPort => NotFound,
        Reasons.Denied => Forbidden,
        Reasons.Unreachable or Reasons.Refused or Reasons.NoIdentity => BadGateway,
        Reasons.Expired => GatewayTimeout,
        _ => null,
    };

    private static Route Answer(uint status, string reason) => new()
    {
        Match = Everything(),
        DirectResponse = new DirectResponseAction { Status = status },
        ResponseHeadersToAdd = { Reason(reason) },
    };

    private static Route ToCluster(string cluster) => new()
    {
        Match = Everything(),
        Route_ = new RouteAction
        {
            Cluster = cluster,
            // No limit of ours: how long a request may take is the application's to say.
            Timeout = new Duration(),
        },
    };

    private static RouteMatch Everything() => new() { Prefix = "" };

    private static HeaderValueOption Reason(string value) =>
        new() { Header = new HeaderValue { Key = WellKnown.ReasonHeader, Value = value } };

    private static VirtualHost VirtualHost(string name, IEnumerable<string> domains, Route route) =>
        new() { Name = name, Domains = { domains }, Routes = { route } };
}
