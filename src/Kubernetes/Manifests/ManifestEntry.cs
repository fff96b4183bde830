namespace Fairlead.Kubernetes.Manifests;

/// <summary>One file of a folder: what it says now, and what is accepted of it. Mutable; owned by the folder.</summary>
internal sealed class ManifestEntry
{
    /// <summary>What it says now; null where it was not read yet.</summary>
    public ManifestFile? Current { get; set; }

    /// <summary>What takes effect of it; null where nothing ever did.</summary>
    public ManifestContent? Accepted { get; set; }

    /// <summary>Which of its objects stand in another file.</summary>
    public IReadOnlyList<ManifestProblem> Conflicts { get; set; } = [];

    /// <summary>Whether it is good and waits to take effect.</summary>
    public bool IsPending => Current is { IsGood: true } && !ReferenceEquals(Current.Content, Accepted);

    /// <summary>What is wrong with it as it stands now.</summary>
    public IEnumerable<ManifestProblem> Problems => (Current?.Problems ?? []).Concat(Conflicts);
}
