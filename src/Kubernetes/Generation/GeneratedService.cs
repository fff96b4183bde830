using System.Net;

namespace Fairlead.Kubernetes.Generation;

/// <summary>One Service to write manifests for. Immutable.</summary>
public sealed record GeneratedService
{
    /// <summary>Its namespace.</summary>
    /// <value>Default <c>shop</c>.</value>
    public string Namespace { get; init; } = "shop";

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its one port, on which the endpoints listen too.</summary>
    /// <value>Default 18080.</value>
    public int Port { get; init; } = 18080;

    /// <summary>Its <c>appProtocol</c>, and the name of its port.</summary>
    /// <value>Default <c>http</c>.</value>
    public string Protocol { get; init; } = "http";

    /// <summary>Its endpoints, all ready; they are written to EndpointSlices of 100.</summary>
    public required IReadOnlyList<IPAddress> Endpoints { get; init; }

    /// <summary>Zones that the endpoints take turns in.</summary>
    /// <value>Default <c>zone-a</c> and <c>zone-b</c>.</value>
    public IReadOnlyList<string> Zones { get; init; } = ["zone-a", "zone-b"];

    /// <summary>Whether <c>clusterIP</c> is <c>None</c>; the endpoints then have hostnames.</summary>
    public bool IsHeadless { get; init; }

    /// <summary>Whether a ServiceExport is written.</summary>
    /// <value>Default true.</value>
    public bool IsExported { get; init; } = true;
}
