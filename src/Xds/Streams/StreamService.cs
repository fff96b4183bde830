using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Fairlead.Xds.Delta;
using Fairlead.Xds.Sotw;

namespace Fairlead.Xds.Streams;

/// <summary>One method by which resources are asked for: a variant, aggregated or of one type. Immutable.</summary>
/// <param name="Name">What operators see, such as <c>eds delta</c>.</param>
/// <param name="Only">Its one type; null for the aggregated service.</param>
/// <param name="Service">The full name of the service.</param>
/// <param name="Method">The method.</param>
/// <param name="Parser">Makes what reads the requests of one stream.</param>
/// <param name="NodeOf">The node of a request; null where it names none.</param>
/// <param name="Open">Makes the stream of a client.</param>
/// <param name="Larger">Makes what reads a request that is larger than any is taken in whole; null where such a one is
/// refused: a list of names that was cut would give up the others.</param>
internal sealed record StreamService<TRequest, TResponse>(
    string Name,
    ResourceType? Only,
    string Service,
    string Method,
    Func<IRequestParser<TRequest>> Parser,
    Func<TRequest, Node?> NodeOf,
    Func<ClientNode, ResourceSnapshot, Func<ResourceType, string, Resource?>, DiscoveryStream<TRequest, TResponse>>
        Open,
    Func<LargeMessage>? Larger = null)
    where TRequest : class
    where TResponse : class, IDiscoveryResponse;

/// <summary>The methods that are served. Stateless.</summary>
internal static class StreamServices
{
    private const string Aggregated = "envoy.service.discovery.v3.AggregatedDiscoveryService";

    /// <summary>The state-of-the-world method of a type; of the aggregated service for null.</summary>
    public static StreamService<SotwRequest, SotwResponse> Sotw(ResourceType? type, AdsOptions options) => new(
        type?.ShortName ?? "ads",
        type,
        ServiceOf(type),
        type is null ? "StreamAggregatedResources" : "Stream" + Plural(type),
        static () => new SotwRequestParser(),
        static request => request.Node,
        (client, snapshot, missing) => new SotwStream(
            snapshot, missing, options.ControlPlane, options.Limits, type, client));

    /// <summary>The delta method of a type; of the aggregated service for null.</summary>
    public static StreamService<DeltaDiscoveryRequest, DeltaResponse> Delta(ResourceType? type, AdsOptions options) =>
        new(
            $"{type?.ShortName ?? "ads"} delta",
            type,
            ServiceOf(type),
            type is null ? "DeltaAggregatedResources" : "Delta" + Plural(type),
            static () => new DeltaRequestParser(),
            static request => request.Node,
            (client, snapshot, missing) => new DeltaStream(
                snapshot, missing, options.ControlPlane, options.Limits, type, client),
            () => new LargeDeltaRequest(
                options.Limits, (count, bytes) => XdsLog.NamesLeftOut(options.Logger, bytes, count), type));

    private static string ServiceOf(ResourceType? type)
    {
        if (type is null)
        {
            return Aggregated;
        }

        var one = Plural(type).TrimEnd('s');
        return $"envoy.service.{one.ToLowerInvariant()}.v3.{one}DiscoveryService";
    }

    private static string Plural(ResourceType type) => type == ResourceType.Cluster ? "Clusters"
        : type == ResourceType.Endpoints ? "Endpoints"
        : type == ResourceType.Listener ? "Listeners"
        : type == ResourceType.Route ? "Routes"
        : "Secrets";
}
