using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Types;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>Clusters, for Envoy and for proxyless gRPC. Pure: equal input gives equal bytes.</summary>
internal static class ClusterTranslation
{
    /// <summary>Long enough for a connection across regions, short enough that a dead endpoint is left for
    /// another.</summary>
    private static readonly Duration ConnectTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(5));

    /// <summary>
    /// The cluster called <paramref name="clusterName"/> whose endpoints are those of <paramref name="assignment"/>.
    /// </summary>
    /// <param name="port">The port it leads to; null where none is known, which leaves the protocol at
    /// HTTP/1.1.</param>
    /// <param name="reason">Why it has no endpoints, shown as its metadata.</param>
    /// <param name="name">What is served; null where nothing is.</param>
    internal static Cluster Translate(
        ClientKind client, string clusterName, string assignment, ServedPort? port, string? reason,
        ServedName? name = null)
    {
        var cluster = new Cluster
        {
            Name = clusterName,
            Type = Cluster.Types.DiscoveryType.Eds,
            LbPolicy = Cluster.Types.LbPolicy.RoundRobin,
            ConnectTimeout = ConnectTimeout,
            EdsClusterConfig = new Cluster.Types.EdsClusterConfig
            {
                ServiceName = assignment,
                EdsConfig = Sources.Ads(),
            },
        };
        if (reason is not null)
        {
            cluster.Metadata = Labels.Metadata([("reason", Value.ForString(reason))]);
        }

        if (client == ClientKind.Envoy)
        {
            AddWhatOnlyEnvoyReads(cluster, port);
            if (name is not null)
            {
                TlsTranslation.Add(cluster, name, IsHttp2(port));
            }
        }
        else if (name is not null)
        {
            TlsTranslation.AddForGrpc(cluster, name);
        }

        return cluster;
    }

    private static bool IsHttp2(ServedPort? port) => port?.Protocol is "http2" or "grpc";

    private static void AddWhatOnlyEnvoyReads(Cluster cluster, ServedPort? port)
    {
        // Else an endpoint that passes an active health check outlives its removal.
        cluster.IgnoreHealthOnHostRemoval = true;
        cluster.CommonLbConfig = new Cluster.Types.CommonLbConfig
        {
            // Else endpoints that are all unhealthy get traffic below 50 % health.
            HealthyPanicThreshold = new Percent { Value = 0 },
            // Else a second health change within a second comes late before Envoy 1.40.
            UpdateMergeWindow = new Duration(),
            LocalityWeightedLbConfig = new Cluster.Types.CommonLbConfig.Types.LocalityWeightedLbConfig(),
        };
        if (IsHttp2(port))
        {
            var options = new EnvoyApi.UpstreamHttp.HttpProtocolOptions
            {
                ExplicitHttpConfig = new EnvoyApi.UpstreamHttp.HttpProtocolOptions.Types.ExplicitHttpConfig
                {
                    Http2ProtocolOptions = new Http2ProtocolOptions(),
                },
            };
            cluster.TypedExtensionProtocolOptions[WellKnown.HttpOptions] = Any.Pack(options);
        }
    }
}
