namespace Fairlead.Controller.Manifests;

/// <summary>What changed in the folder since the scan before. Immutable.</summary>
/// <param name="Changes">Files that changed, with their bytes; null for one that is gone.</param>
/// <param name="Unreadable">Files that are there and cannot be read, with the reason.</param>
internal sealed record ManifestScan(
    IReadOnlyList<(string File, byte[]? Bytes)> Changes,
    IReadOnlyList<(string File, string Reason)> Unreadable)
{
    /// <summary>Whether nothing changed.</summary>
    public bool IsEmpty => Changes.Count == 0 && Unreadable.Count == 0;
}
