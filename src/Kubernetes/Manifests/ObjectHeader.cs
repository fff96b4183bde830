using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>The part that all objects share. <c>Metadata</c> and <c>Root</c> are maps.</summary>
internal sealed record ObjectHeader(string Kind, ObjectKey Key, ManifestNode Metadata, ManifestNode Root)
{
    /// <summary>How messages name the object.</summary>
    public override string ToString() => $"{Kind} {Key}";
}
