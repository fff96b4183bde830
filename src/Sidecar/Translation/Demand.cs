namespace Fairlead.Sidecar.Translation;

/// <summary>What clients of one kind want of a name. Immutable by agreement.</summary>
/// <param name="IsImport">Whether the name belongs to what a client gets that asks for everything.</param>
/// <param name="Collections">The contexts of the collections of clusters to which it belongs, as <see
/// cref="Xds.Collection.Context"/>; none where it belongs to none.</param>
/// <param name="Clusters">What clients asked for that means this name, of any type that is not named apart.</param>
/// <param name="Assignments">The names under which they asked for its endpoints.</param>
/// <param name="IsOverdue">Whether clients have waited long enough for it: what is not known yet is told as that, to
/// those who hold nothing of it.</param>
/// <param name="KeptUntil">Until when clients may use endpoints of a name that is not strict though they hear nothing
/// more, as <see cref="Xds.Resource.Until"/>; null for ever.</param>
/// <param name="Routes">The names under which Envoys asked for routes to it; null for none.</param>
/// <param name="IsAnswerDue">The same as <paramref name="IsOverdue"/>, and earlier, for what no request waits for:
/// routes of a listener, and endpoints of a cluster, that are not ours.</param>
internal sealed record Demand(
    bool IsImport,
    IReadOnlyCollection<string> Collections,
    IReadOnlyCollection<string> Clusters,
    IReadOnlyCollection<string> Assignments,
    bool IsOverdue,
    TimeSpan? KeptUntil = null,
    IReadOnlyCollection<string>? Routes = null,
    bool IsAnswerDue = false)
{
    /// <summary>Whether an assignment of a name is one that a cluster of ours may have been told to ask for: it is
    /// waited for as the cluster is, since a filter holds the request until the cluster has its endpoints.</summary>
    internal bool IsOurs(string assignment, string name) =>
        ClusterNames.IsOwnAssignment(assignment, name, out var isLocated)
        && (isLocated || IsImport || Collections.Count + Clusters.Count > 0);
}
