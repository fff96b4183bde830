using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Objects;

/// <summary>What Fairlead reads of a Service (core v1). Immutable.</summary>
/// <param name="Key">Namespace and name.</param>
/// <param name="Type">How the cluster serves it.</param>
/// <param name="IsHeadless">Whether <c>clusterIP</c> is <c>None</c>.</param>
/// <param name="Ports">Its ports, in the manifest's order.</param>
/// <param name="HasClientIpAffinity">Whether <c>sessionAffinity</c> is <c>ClientIP</c>.</param>
/// <param name="Annotations">What the <c>fairlead.dev/</c> annotations say.</param>
/// <param name="Location">Where it stands.</param>
public sealed record Service(
    ObjectKey Key,
    ServiceType Type,
    bool IsHeadless,
    IReadOnlyList<ServicePort> Ports,
    bool HasClientIpAffinity,
    ServiceAnnotations Annotations,
    ManifestLocation Location);
