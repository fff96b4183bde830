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
    /// <summary>
    /// The route configuration of a standalone Envoy: a virtual host per import and port, the bare name included where
    /// it decides a port.
    /// </summary>
    internal static RouteConfiguration Standalone(IEnumerable<ServedName> imports)
    {
        var routes = new RouteConfiguration { Name = WellKnown.Routes, ValidateClusters = false };
        routes.ResponseHeadersToAdd.Add(new HeaderValueOption
        {
            Header = new HeaderValue
            {
                Key = WellKnown.ReasonHeader,
                Value = $"%CLUSTER_METADATA({WellKnown.Metadata}:reason)%",
            },
        });
        foreach (var name in imports.OrderBy(name => name.Name, StringComparer.Ordinal))
        {
            routes.VirtualHosts.AddRange(VirtualHosts(name));
        }

        return routes;
    }

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

    /// <summary>The route configuration that leads every request to one cluster.</summary>
    internal static RouteConfiguration ToCluster(string routeConfiguration, string cluster) => new()
    {
        Name = routeConfiguration,
        VirtualHosts = { VirtualHost(routeConfiguration, ["*"], cluster) },
    };

    private static IEnumerable<VirtualHost> VirtualHosts(ServedName name)
    {
        var bare = name.BarePort();
        if (bare is null)
        {
            // Nothing known, or nothing decided: the bare name's cluster exists and is empty, so that a request fails
            // at once and its cluster's metadata says why.
            yield return VirtualHost(name.Name, [name.Name, ClusterNames.Canonical(name.Name, 80)], name.Name);
        }

        foreach (var port in name.Ports)
        {
            var canonical = ClusterNames.Canonical(name.Name, port.Number);
            yield return VirtualHost(canonical, Domains(name.Name, port, bare), canonical);
        }
    }

    // A client may write the default port of HTTP out, whatever port the bare name means.
    private static IEnumerable<string> Domains(string name, ServedPort port, ServedPort? bare)
    {
        yield return ClusterNames.Canonical(name, port.Number);
        if (ReferenceEquals(port, bare))
        {
            yield return name;
            if (port.Number != 80)
            {
                yield return ClusterNames.Canonical(name, 80);
            }
        }
    }

    private static VirtualHost VirtualHost(string name, IEnumerable<string> domains, string cluster) => new()
    {
        Name = name,
        Domains = { domains },
        Routes =
        {
            new Route
            {
                Match = new RouteMatch { Prefix = "" },
                Route_ = new RouteAction
                {
                    Cluster = cluster,
                    // No limit of ours: how long a request may take is the application's to say.
                    Timeout = new Duration(),
                },
            },
        },
    };
}
