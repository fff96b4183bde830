using Fairlead.Kubernetes.Manifests;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Objects;

/// <summary>
/// A ServiceImport (multicluster.x-k8s.io, v1alpha1 or v1beta1) whose annotation <c>fairlead.dev/members</c> says which
/// services of which segments serve <c>name.namespace.svc.clusterset.local</c>. Immutable.
/// </summary>
/// <param name="Key">Namespace and name.</param>
/// <param name="Members">The members; empty without the annotation, where the import is somebody else's.</param>
/// <param name="Identities">SPIFFE ids that the members may show, ascending, no repeats; empty for any.</param>
/// <param name="TtlMax">The longest time to live of an answer; null where it says none.</param>
/// <param name="Location">Where it stands.</param>
public sealed record ServiceImport(
    ObjectKey Key,
    IReadOnlyList<ImportMember> Members,
    IReadOnlyList<string> Identities,
    TimeSpan? TtlMax,
    ManifestLocation Location);

/// <summary>One member of a ServiceImport. Immutable.</summary>
/// <param name="Name">The service's full name in its own segment.</param>
/// <param name="Genesis">The segment's genesis digest; null where it is not written.</param>
/// <param name="Priority">0 first.</param>
/// <param name="Weight">Its share of the load within its priority.</param>
public sealed record ImportMember(FullName Name, Digest? Genesis, int Priority, int Weight);
