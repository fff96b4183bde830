using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Objects;

/// <summary>
/// A ServiceExport (multicluster.x-k8s.io, v1alpha1 or v1beta1): the Service of the same namespace and name is offered
/// to other clusters. Immutable.
/// </summary>
/// <param name="Key">Namespace and name, which are also the Service's.</param>
/// <param name="Location">Where it stands.</param>
public sealed record ServiceExport(ObjectKey Key, ManifestLocation Location);
