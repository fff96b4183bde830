using System.Collections.Immutable;

namespace Fairlead.Xds;

/// <summary>
/// A kind of resource that the protocol serves, with the rules that differ between kinds (Envoy, "xDS REST and gRPC
/// protocol"). A closed set; immutable.
/// </summary>
public sealed class ResourceType
{
    private const string Prefix = "type.googleapis.com/envoy.config.";

    /// <summary>Clusters (CDS).</summary>
    public static readonly ResourceType Cluster = new("cds", 0, Prefix + "cluster.v3.Cluster", fullState: true);

    /// <summary>Endpoints of a cluster (EDS).</summary>
    public static readonly ResourceType Endpoints =
        new("eds", 1, Prefix + "endpoint.v3.ClusterLoadAssignment", fullState: false);

    /// <summary>Listeners (LDS).</summary>
    public static readonly ResourceType Listener = new("lds", 2, Prefix + "listener.v3.Listener", fullState: true);

    /// <summary>Route configurations (RDS).</summary>
    public static readonly ResourceType Route =
        new("rds", 3, Prefix + "route.v3.RouteConfiguration", fullState: false);

    /// <summary>Trust bundles (SDS). A client asks for one when it has a cluster that needs it.</summary>
    public static readonly ResourceType Secret = new(
        "sds", 4, "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret", fullState: false);

    /// <summary>Every type, in the order in which changes are sent so that nothing breaks before it is made.</summary>
    public static readonly ImmutableArray<ResourceType> All = [Cluster, Endpoints, Listener, Route, Secret];

    private ResourceType(string shortName, int order, string typeUrl, bool fullState)
    {
        ShortName = shortName;
        Order = order;
        TypeUrl = typeUrl;
        FullState = fullState;
    }

    /// <summary>The name of the discovery service: cds, eds, lds, rds or sds.</summary>
    public string ShortName { get; }

    /// <summary>The place in <see cref="All"/>.</summary>
    public int Order { get; }

    /// <summary>The type URL of the resource inside an Any and of requests and responses for it.</summary>
    public string TypeUrl { get; }

    /// <summary>
    /// True for clusters and listeners: a state-of-the-world response holds all of them, one that is missing is
    /// deleted, and a client may ask for all of them without naming any. False for endpoints, routes and secrets: a
    /// response updates what it holds, and an empty list of names asks for nothing.
    /// </summary>
    public bool FullState { get; }

    /// <summary>The type of a URL, or null if it is not one that is served.</summary>
    public static ResourceType? Find(string typeUrl)
    {
        foreach (var type in All)
        {
            if (string.Equals(type.TypeUrl, typeUrl, StringComparison.Ordinal))
            {
                return type;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => ShortName;
}
