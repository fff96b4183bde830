using Fairlead.Kubernetes.Manifests;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Objects;

/// <summary>
/// A Gateway (gateway.networking.k8s.io) that the label <c>topology.istio.io/network</c> makes the way into a network.
/// Immutable.
/// </summary>
/// <param name="Key">Namespace and name.</param>
/// <param name="Network">The network that it leads into.</param>
/// <param name="Addresses">Where it listens, ascending by text, no repeats; 1 to 16, none with a <paramref
/// name="Trouble"/>.</param>
/// <param name="Identities">SPIFFE ids that it shows where it ends the endpoints' TLS; empty where it passes it
/// on.</param>
/// <param name="Location">Where it stands.</param>
/// <param name="Trouble">Why its addresses cannot be published: what is published of it stays, and nothing else in its
/// file waits for it. Null where they can.</param>
public sealed record NetworkGateway(
    ObjectKey Key,
    string Network,
    IReadOnlyList<IpEndpoint> Addresses,
    IReadOnlyList<string> Identities,
    ManifestLocation Location,
    ManifestProblem? Trouble = null);
