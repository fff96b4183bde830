namespace Fairlead.Kubernetes.Objects;

/// <summary>
/// What the annotations <c>fairlead.dev/continuity</c>, <c>/ttl-max</c>, <c>/identities</c> and <c>/weight</c> of a
/// Service say; null or empty where absent. Immutable.
/// </summary>
/// <param name="Continuity">How long a verified answer may be served as stale.</param>
/// <param name="TtlMax">The longest time to live of an answer.</param>
/// <param name="Identities">SPIFFE ids of the workloads, ascending, no repeats.</param>
/// <param name="Weight">The weight of each endpoint.</param>
public sealed record ServiceAnnotations(
    TimeSpan? Continuity,
    TimeSpan? TtlMax,
    IReadOnlyList<string> Identities,
    int? Weight)
{
    /// <summary>No annotation.</summary>
    public static ServiceAnnotations None { get; } = new(null, null, [], null);
}
