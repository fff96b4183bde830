using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Objects;

/// <summary>What Fairlead reads of an EndpointSlice (discovery.k8s.io/v1). Immutable.</summary>
/// <param name="Key">Namespace and name.</param>
/// <param name="ServiceName">The label <c>kubernetes.io/service-name</c>; null when it belongs to no Service.</param>
/// <param name="AddressType">What its addresses are.</param>
/// <param name="Ports">The ports that every endpoint of it has.</param>
/// <param name="Endpoints">The endpoints; empty for <see cref="Objects.AddressType.Fqdn"/>, whose addresses are not
/// read.</param>
/// <param name="Location">Where it stands.</param>
public sealed record EndpointSlice(
    ObjectKey Key,
    string? ServiceName,
    AddressType AddressType,
    IReadOnlyList<EndpointPort> Ports,
    IReadOnlyList<Endpoint> Endpoints,
    ManifestLocation Location)
{
    /// <summary>The label <c>topology.istio.io/network</c>: where the addresses are meant; null for where the cluster
    /// is.</summary>
    public string? Network { get; init; }
}
