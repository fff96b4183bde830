namespace Fairlead.Sidecar.Translation;

/// <summary>Where a client finds the endpoints of a cluster that it was given.</summary>
internal enum EndpointSource
{
    /// <summary>On the aggregated stream that the cluster came on.</summary>
    Ads,

    /// <summary>On a stream of their own, by the same socket.</summary>
    Stream,

    /// <summary>On the stream of the authority that their locator names.</summary>
    Authority,
}

/// <summary>Whom resources are for. Immutable.</summary>
/// <param name="Client">The kind of client.</param>
/// <param name="Plain">Where the endpoints are of a cluster with a plain name.</param>
/// <param name="Located">Where they are of a cluster whose name is a locator.</param>
/// <param name="XdsCluster">By which cluster the client reaches the sidecar.</param>
internal sealed record Audience(
    ClientKind Client, EndpointSource Plain, EndpointSource Located, string XdsCluster = Audience.DefaultXdsCluster)
{
    /// <summary>What a client calls the sidecar where nothing else is said.</summary>
    internal const string DefaultXdsCluster = "fl_xds";

    /// <value>What the operator wants of its clusters.</value>
    internal ClusterSettings Settings { get; init; } = ClusterSettings.Default;

    /// <summary>An Envoy on an aggregated stream: its own, or that of an authority.</summary>
    internal static Audience Envoy { get; } = new(ClientKind.Envoy, EndpointSource.Ads, EndpointSource.Authority);

    /// <summary>A proxyless gRPC client.</summary>
    internal static Audience Grpc { get; } = new(ClientKind.Grpc, EndpointSource.Ads, EndpointSource.Authority);

    /// <summary>Where the endpoints are of a cluster of this name.</summary>
    internal EndpointSource SourceOf(string cluster) => Xds.Collections.IsLocator(cluster) ? Located : Plain;
}
