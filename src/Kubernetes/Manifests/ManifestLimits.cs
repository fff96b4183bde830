namespace Fairlead.Kubernetes.Manifests;

/// <summary>Bounds on manifests.</summary>
public static class ManifestLimits
{
    /// <summary>Most bytes of one file: what a cluster of some thousand Services fills.</summary>
    public const int FileBytesMax = 32 << 20;
}
