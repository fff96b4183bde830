using Fairlead.EnvoyApi.Core;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>Where a client finds what a resource refers to.</summary>
internal static class Sources
{
    // As soon as the sidecar is back, a second at the latest: Envoy's own patience grows to half a minute.
    private static readonly BackoffStrategy Again = new()
    {
        BaseInterval = Duration.FromTimeSpan(TimeSpan.FromSeconds(0.1)),
        MaxInterval = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
    };

    /// <summary>The stream on which the resource itself came, or that of the authority that a locator names.</summary>
    internal static ConfigSource Ads() => new()
    {
        Ads = new AggregatedConfigSource(),
        ResourceApiVersion = ApiVersion.V3,
    };

    /// <summary>A stream for one name alone.</summary>
    /// <param name="xdsCluster">By which cluster the client reaches the sidecar.</param>
    internal static ConfigSource Stream(string xdsCluster) => new()
    {
        ApiConfigSource = new ApiConfigSource
        {
            ApiType = ApiConfigSource.Types.ApiType.DeltaGrpc,
            TransportApiVersion = ApiVersion.V3,
            SetNodeOnFirstMessageOnly = true,
            GrpcServices =
            {
                new GrpcService
                {
                    EnvoyGrpc = new GrpcService.Types.EnvoyGrpc
                    {
                        ClusterName = xdsCluster,
                        RetryPolicy = new RetryPolicy { RetryBackOff = Again.Clone() },
                    },
                },
            },
        },
        ResourceApiVersion = ApiVersion.V3,
    };
}
