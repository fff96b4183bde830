using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Reconciling;

/// <summary>What should be published, and what stands in the way of the rest. Immutable.</summary>
/// <param name="Records">By name, ordinal; one per exported Service that can be published.</param>
/// <param name="Held">Names, ascending, whose Service is exported but cannot be published as it is: what is published
/// under them stays as it is, neither changed nor withdrawn.</param>
/// <param name="Problems">What is wrong, by location.</param>
public sealed record ReconcileResult(
    IReadOnlyList<DesiredRecord> Records,
    IReadOnlyList<string> Held,
    IReadOnlyList<ManifestProblem> Problems);
