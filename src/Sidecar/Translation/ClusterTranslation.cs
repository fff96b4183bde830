using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Types;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>Clusters, for Envoy and for proxyless gRPC. Pure: equal input gives equal bytes.</summary>
internal static class ClusterTranslation
{
    /// <summary>
    /// The cluster called <paramref name="clusterName"/> whose endpoints are those of <paramref name="assignment"/>.
    /// </summary>
    /// <param name="audience">Whom it is for.</param>
    /// <param name="clusterName">The name under which it is asked for.</param>
    /// <param name="assignment">The plain name of its endpoints, as they are called where none has an
    /// identity.</param>
    /// <param name="port">The port it leads to; null where none is known, which leaves the protocol at
    /// HTTP/1.1.</param>
    /// <param name="reason">Why it has no endpoints, shown as its metadata.</param>
    /// <param name="name">What is served; null where nothing is.</param>
    internal static Cluster Translate(
        Audience audience, string clusterName, string assignment, ServedPort? port, string? reason,
        ServedName? name = null)
    {
        var cluster = Named(audience, clusterName, assignment, reason);
        cluster.Type = Cluster.Types.DiscoveryType.Eds;
        cluster.EdsClusterConfig = EndpointsOf(
            audience, clusterName, TlsTranslation.AssignmentOf(audience, name, assignment));
        if (audience.Client == ClientKind.Envoy)
        {
            AddProtocol(cluster, port, name?.StreamMax);
            if (name is not null)
            {
                ResilienceTranslation.Add(cluster, audience.Settings, name, port);
                TlsTranslation.Add(cluster, name, port, audience);
            }
        }
        else if (name is not null)
        {
            TlsTranslation.AddForGrpc(cluster, name);
        }

        return cluster;
    }

    /// <summary>
    /// A cluster that leads nowhere and says why. It holds its empty assignment itself: an Envoy that asks for whatever
    /// its clients write into a Host header would else open a stream for the endpoints of each.
    /// </summary>
    internal static Cluster Dead(Audience audience, string clusterName, string reason)
    {
        var id = ClusterNames.IdOf(clusterName);
        var cluster = Named(audience, clusterName, id, reason);
        cluster.Type = Cluster.Types.DiscoveryType.Static;
        cluster.LoadAssignment = AssignmentTranslation.Empty(clusterName, reason);
        return cluster;
    }

    private static Cluster Named(Audience audience, string clusterName, string statistics, string? reason)
    {
        var cluster = new Cluster
        {
            Name = clusterName,
            LbPolicy = Cluster.Types.LbPolicy.RoundRobin,
            ConnectTimeout = Duration.FromTimeSpan(audience.Settings.ConnectTimeout),
        };
        if (reason is not null)
        {
            cluster.Metadata = Labels.Metadata([("reason", Value.ForString(reason))]);
        }

        if (audience.Client == ClientKind.Envoy)
        {
            AddWhatOnlyEnvoyReads(cluster);
            cluster.AltStatName = clusterName == statistics ? "" : statistics;
        }

        return cluster;
    }

    private static Cluster.Types.EdsClusterConfig EndpointsOf(
        Audience audience, string clusterName, string assignment) => audience.SourceOf(clusterName) switch
    {
        EndpointSource.Stream => new Cluster.Types.EdsClusterConfig
        {
            ServiceName = assignment,
            EdsConfig = Sources.Stream(audience.XdsCluster),
        },
        EndpointSource.Authority => new Cluster.Types.EdsClusterConfig
        {
            ServiceName = ClusterNames.LocatedAssignment(assignment),
            EdsConfig = Sources.Ads(),
        },
        _ => new Cluster.Types.EdsClusterConfig { ServiceName = assignment, EdsConfig = Sources.Ads() },
    };

    /// <summary>Whether a port speaks HTTP/2 and nothing else.</summary>
    internal static bool IsHttp2(ServedPort? port) => port?.Protocol is "http2" or "grpc";

    private static void AddWhatOnlyEnvoyReads(Cluster cluster)
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
    }

    // A stream that is open outlives every removal and every change of trust: a strict name bounds it here.
    private static void AddProtocol(Cluster cluster, ServedPort? port, TimeSpan? streamMax)
    {
        if (port?.Protocol == "tcp" || (streamMax is null && !IsHttp2(port)))
        {
            return;
        }

        var options = new EnvoyApi.UpstreamHttp.HttpProtocolOptions
        {
            ExplicitHttpConfig = IsHttp2(port)
                ? new() { Http2ProtocolOptions = new Http2ProtocolOptions() }
                : new() { HttpProtocolOptions = new Http1ProtocolOptions() },
        };
        if (streamMax is { } max)
        {
            options.CommonHttpProtocolOptions = new HttpProtocolOptions
            {
                MaxStreamDuration = Duration.FromTimeSpan(max),
            };
        }

        cluster.TypedExtensionProtocolOptions[WellKnown.HttpOptions] = Any.Pack(options);
    }
}
