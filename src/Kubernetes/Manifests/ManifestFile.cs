namespace Fairlead.Kubernetes.Manifests;

/// <summary>What one file says. Usable only without problems. Immutable.</summary>
/// <param name="Content">The objects read.</param>
/// <param name="Problems">What is wrong, in the order of the file; at most 100.</param>
public sealed record ManifestFile(ManifestContent Content, IReadOnlyList<ManifestProblem> Problems)
{
    /// <summary>Whether there is no problem.</summary>
    public bool IsGood => Problems.Count == 0;
}
