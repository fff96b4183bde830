using System.Collections.Immutable;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.HttpConnectionManagers;
using Fairlead.EnvoyApi.Listeners;
using Fairlead.EnvoyApi.Routes;
using Google.Protobuf;

namespace Fairlead.Xds;

/// <summary>Reads out of a resource which other resources it needs.</summary>
internal static class ResourceReferences
{
    public static ImmutableArray<ResourceReference> Of(IMessage message)
    {
        return message switch
        {
            Cluster cluster => OfCluster(cluster),
            Listener listener => OfListener(listener),
            RouteConfiguration routes => OfRoutes(routes),
            _ => [],
        };
    }

    private static ImmutableArray<ResourceReference> OfCluster(Cluster cluster)
    {
        if (cluster.ClusterDiscoveryTypeCase != Cluster.ClusterDiscoveryTypeOneofCase.Type
            || cluster.Type != Cluster.Types.DiscoveryType.Eds)
        {
            return [];
        }

        var service = cluster.EdsClusterConfig?.ServiceName;
        return [new ResourceReference(ResourceType.Endpoints, string.IsNullOrEmpty(service) ? cluster.Name : service)];
    }

    private static ImmutableArray<ResourceReference> OfListener(Listener listener)
    {
        var packed = listener.ApiListener?.ApiListener_;
        return packed is not null && packed.TryUnpack<HttpConnectionManager>(out var manager)
            && manager.Rds is { RouteConfigName.Length: > 0 } rds
            ? [new ResourceReference(ResourceType.Route, rds.RouteConfigName)]
            : [];
    }

    private static ImmutableArray<ResourceReference> OfRoutes(RouteConfiguration routes)
    {
        var clusters = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var route in routes.VirtualHosts.SelectMany(host => host.Routes))
        {
            switch (route.Route_?.ClusterSpecifierCase)
            {
                case RouteAction.ClusterSpecifierOneofCase.Cluster:
                    clusters.Add(route.Route_.Cluster);
                    break;
                case RouteAction.ClusterSpecifierOneofCase.WeightedClusters:
                    clusters.UnionWith(route.Route_.WeightedClusters.Clusters.Select(part => part.Name));
                    break;
                default:
                    break;
            }
        }

        return [.. clusters.Select(name => new ResourceReference(ResourceType.Cluster, name))];
    }
}
