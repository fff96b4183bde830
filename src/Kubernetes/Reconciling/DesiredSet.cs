using Fairlead.Naming;

namespace Fairlead.Kubernetes.Reconciling;

/// <summary>A name under clusterset.local as a cluster wants it. Immutable.</summary>
/// <param name="Name">The service part.</param>
/// <param name="Members">By name, ordinal.</param>
/// <param name="Identities">SPIFFE ids that members may show, ascending; empty for any.</param>
/// <param name="TtlMax">The longest time to live of an answer.</param>
public sealed record DesiredSet(
    string Name, IReadOnlyList<SetMember> Members, IReadOnlyList<string> Identities, TimeSpan TtlMax);
