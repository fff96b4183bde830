namespace Fairlead.Kubernetes.Reconciling;

/// <summary>At most 100 endpoints that listen on the same ports. Immutable.</summary>
/// <param name="Ports">Where they listen: one number per port of the record, in its order.</param>
/// <param name="Endpoints">By (address, host), ordinal, no repeats; at least one.</param>
/// <param name="Region">The publisher's region, where it has one.</param>
public sealed record DesiredSlice(
    IReadOnlyList<int> Ports,
    IReadOnlyList<DesiredEndpoint> Endpoints,
    string? Region);
