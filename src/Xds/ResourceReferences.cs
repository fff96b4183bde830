using System.Collections.Immutable;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.HttpConnectionManagers;
using Fairlead.EnvoyApi.Listeners;
using Fairlead.EnvoyApi.Routes;
using Fairlead.EnvoyApi.TransportSockets;
using Google.Protobuf;

namespace Fairlead.Xds;

/// <summary>Reads out of a resource which other resources it needs.</summary>
internal static class ResourceReferences
{
    public static ImmutableArray<ResourceReference> Of(IMessage message)
    {
        return message switch
        {
            Cluster cluster => [.. EndpointsOf(cluster), .. SecretsOf(cluster)],
            Listener listener => OfListener(listener),
            RouteConfiguration routes => OfRoutes(routes),
            _ => [],
        };
    }

    private static ImmutableArray<ResourceReference> EndpointsOf(Cluster cluster)
    {
        if (cluster.ClusterDiscoveryTypeCase != Cluster.ClusterDiscoveryTypeOneofCase.Type
            || cluster.Type != Cluster.Types.DiscoveryType.Eds)
        {
            return [];
        }

        var service = cluster.EdsClusterConfig?.ServiceName;
        return [new ResourceReference(ResourceType.Endpoints, string.IsNullOrEmpty(service) ? cluster.Name : service)];
    }

    // Those that come by a discovery service: what is read from a file, or stands in the bootstrap, nobody waits for.
    private static IEnumerable<ResourceReference> SecretsOf(Cluster cluster)
    {
        var secrets = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var socket in cluster.TransportSocketMatches.Select(match => match.TransportSocket)
            .Append(cluster.TransportSocket))
        {
            if (socket?.TypedConfig is { } packed && packed.TryUnpack<UpstreamTlsContext>(out var tls)
                && tls.CommonTlsContext is { } common)
            {
                secrets.UnionWith(SecretsOf(common).Where(IsDiscovered).Select(secret => secret!.Name));
            }
        }

        return secrets.Select(name => new ResourceReference(ResourceType.Secret, name));
    }

    private static IEnumerable<SdsSecretConfig?> SecretsOf(CommonTlsContext common) =>
        common.TlsCertificateSdsSecretConfigs.Append(common.ValidationContextSdsSecretConfig)
            .Append(common.CombinedValidationContext?.ValidationContextSdsSecretConfig);

    private static bool IsDiscovered(SdsSecretConfig? secret) => secret is { Name.Length: > 0 }
        && secret.SdsConfig?.ConfigSourceSpecifierCase is ConfigSource.ConfigSourceSpecifierOneofCase.Ads
            or ConfigSource.ConfigSourceSpecifierOneofCase.ApiConfigSource
            or ConfigSource.ConfigSourceSpecifierOneofCase.Self;

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
