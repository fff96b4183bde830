using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Objects;

/// <summary>
/// A ClusterTrustBundle (certificates.k8s.io) that the annotation <c>fairlead.dev/trust-domain</c> makes the bundle of
/// a trust domain. Immutable.
/// </summary>
/// <param name="Key">Its name; it stands in no namespace.</param>
/// <param name="Domain">The trust domain.</param>
/// <param name="Certificates">The authorities: base64 of DER, ascending, no repeats; 1 to 8.</param>
/// <param name="Location">Where it stands.</param>
public sealed record ClusterTrustBundle(
    ObjectKey Key, string Domain, IReadOnlyList<string> Certificates, ManifestLocation Location);
