using System.Collections.Immutable;

namespace Fairlead.Sidecar.Serving;

/// <summary>Where traffic for an endpoint goes: to itself, or to the gateway of its network. Immutable.</summary>
/// <param name="Address">An IPv4 or IPv6 literal.</param>
/// <param name="Ports">Its port for each of the service's ports, in their order; 0 for one that it does not
/// serve.</param>
/// <param name="Region">The region of its slice; empty where it has none.</param>
/// <param name="Zone">Its zone; empty where it has none.</param>
/// <param name="Weight">Its share of the load, at least 1.</param>
/// <param name="State">One of <see cref="Naming.EndpointState"/>; null where it takes requests.</param>
/// <param name="Identities">The SPIFFE ids of which it must show one; empty where it has none.</param>
/// <param name="IsGateway">Whether this is a gateway, which tells by the name asked for where a connection is
/// to go.</param>
internal sealed record ReachedEndpoint(
    string Address,
    ImmutableArray<int> Ports,
    string Region,
    string Zone,
    long Weight,
    string? State,
    ImmutableArray<string> Identities,
    bool IsGateway);
