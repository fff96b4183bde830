using System.Net;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Serving;

/// <summary>How an Envoy is served that asks for clusters as it needs them, be it its own control plane's or not.
/// Immutable.</summary>
internal sealed record OnDemandOptions
{
    private const string Section = "fairlead";
    private const string EndpointsKey = "endpoints";

    // Longer than any name of a region: what a client says is kept.
    private const int PlaceLengthMax = 128;

    /// <value>By which cluster the Envoy reaches the sidecar.</value>
    internal string XdsCluster { get; init; } = Audience.DefaultXdsCluster;

    /// <value>Where the endpoints are of the clusters that it asks for by locators: a stream for each, or the one of
    /// the authority, which its bootstrap must name.</value>
    internal EndpointSource Endpoints { get; init; } = EndpointSource.Stream;

    /// <value>How long a name is waited for before it is told as pending. Shorter than the timeout of the Envoy's
    /// filter.</value>
    internal TimeSpan Hold { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <value>Whether that is the operator's word, and holds for what no request waits for as well.</value>
    internal bool IsHoldChosen { get; init; }

    /// <summary>How long routes, and endpoints of clusters that are not ours, are waited for once the home was met: a
    /// stream that asks for them is answered within its first second.</summary>
    internal TimeSpan AnswerHold => IsHoldChosen || Hold < XdsLimits.Default.FirstAnswer
        ? Hold : XdsLimits.Default.FirstAnswer;

    /// <value>Where the Envoy takes the sidecar's own request, which makes it ask for the collection before the sidecar
    /// is ready; null for no such request.</value>
    internal IPEndPoint? FirstRequest { get; init; }

    /// <value>The host that it asks for, the full name of a service, which need not be there; null for one of each
    /// segment whose names the pod uses, and of the home.</value>
    internal string? FirstRequestHost { get; init; }

    /// <value>How long an Envoy uses the endpoints of names that are not strict at least when the sidecar is gone; null
    /// for as long as it lives.</value>
    internal TimeSpan? KeptFor { get; init; }

    /// <value>What the operator wants of clusters.</value>
    internal ClusterSettings Clusters { get; init; } = ClusterSettings.Default;

    /// <summary>An Envoy on an aggregated stream.</summary>
    internal Audience Envoy => Audience.Envoy with { Settings = Clusters };

    /// <summary>A proxyless gRPC client.</summary>
    internal Audience Grpc => Audience.Grpc with { Settings = Clusters };

    /// <summary>Whom the resources of a stream are for: what they say of their endpoints holds there alone.</summary>
    /// <param name="client">The client; the metadata <c>fairlead: {endpoints: authority}</c> of its node, or
    /// <c>stream</c>, goes before the option. Where the operator does not say where the pod is, its node's locality
    /// does, for it alone.</param>
    /// <param name="only">The one type of the stream; null on an aggregated one.</param>
    internal Audience AudienceOf(ClientNode client, ResourceType? only)
    {
        var audience = AudienceAtHome(client, only);
        return Clusters.Place is null && PlaceOf(client) is { } place
            ? audience with { Settings = Clusters with { Place = place } }
            : audience;
    }

    /// <summary>The same, wherever the client says that it is.</summary>
    internal Audience AudienceAtHome(ClientNode client, ResourceType? only)
    {
        if (client.IsGrpc || only is null)
        {
            return client.IsGrpc ? Grpc : Envoy;
        }

        var chosen = client.Metadata?.Fields.GetValueOrDefault(Section)?.StructValue?.Fields
            .GetValueOrDefault(EndpointsKey)?.StringValue switch
        {
            "authority" => EndpointSource.Authority,
            "stream" => EndpointSource.Stream,
            _ => Endpoints,
        };
        return new Audience(ClientKind.Envoy, EndpointSource.Stream, chosen, XdsCluster) { Settings = Clusters };
    }

    private static PodPlace? PlaceOf(ClientNode client) =>
        client.Region.Length is > 0 and <= PlaceLengthMax && client.Zone.Length <= PlaceLengthMax
            ? new PodPlace(client.Region, client.Zone.Length > 0 ? client.Zone : null)
            : null;
}
