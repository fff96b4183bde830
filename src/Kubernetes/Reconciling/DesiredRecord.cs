namespace Fairlead.Kubernetes.Reconciling;

/// <summary>
/// What the cluster wants published under one name: a record without what only its publisher knows (uid, version,
/// times). Immutable.
/// </summary>
/// <param name="Name">The service part, <c>service.namespace.svc</c>.</param>
/// <param name="IsHeadless">Whether consumers address endpoints one by one.</param>
/// <param name="Ports">By (number, protocol); at least one.</param>
/// <param name="Slices">In order; empty when the Service has no endpoint.</param>
/// <param name="TtlMax">The longest time to live of an answer.</param>
/// <param name="Continuity">How long an answer may be served as stale; null is the policy's.</param>
/// <param name="Identities">SPIFFE ids, ascending.</param>
/// <param name="HasClientIpAffinity">Whether a client keeps its endpoint.</param>
public sealed record DesiredRecord(
    string Name,
    bool IsHeadless,
    IReadOnlyList<DesiredPort> Ports,
    IReadOnlyList<DesiredSlice> Slices,
    TimeSpan TtlMax,
    TimeSpan? Continuity,
    IReadOnlyList<string> Identities,
    bool HasClientIpAffinity)
{
    /// <summary>How many EndpointSlices were read for it, whatever they list; those of names (FQDN) do not count. It
    /// tells a Service without endpoints from one whose EndpointSlices were not read.</summary>
    public int EndpointSlices { get; init; }
}
