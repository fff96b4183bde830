using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Reconciling;

/// <summary>
/// From the ServiceImports of a cluster to the Sets that should be published: one for each import that names its
/// members. Pure: the same content in any order gives the same result.
/// </summary>
public static class ImportReconciler
{
    /// <summary>What <paramref name="content"/> wants published.</summary>
    /// <param name="content">The objects; no key twice.</param>
    /// <param name="options">The options.</param>
    /// <returns>Sets by name; names, ascending, that stay as they are published because a member of theirs cannot be
    /// told; problems by location.</returns>
    public static (IReadOnlyList<DesiredSet> Sets, IReadOnlyList<string> Held, IReadOnlyList<ManifestProblem> Problems)
        Reconcile(ManifestContent content, ReconcileOptions options)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(options);
        var sets = new List<DesiredSet>();
        var held = new List<string>();
        var problems = new List<ManifestProblem>();
        foreach (var import in content.ServiceImports.Where(import => import.Members.Count > 0))
        {
            var name = Reconciler.NameOf(import.Key);
            var wrong = import.Members.Select(member => Wrong(member, options)).OfType<string>().ToList();
            if (wrong.Count > 0)
            {
                problems.AddRange(wrong.Select(
                    problem => new ManifestProblem(import.Location, $"ServiceImport {import.Key}: {problem}")));
                held.Add(name);
                continue;
            }

            sets.Add(new DesiredSet(
                name, [.. import.Members.Select(member => MemberOf(member, options))], import.Identities,
                import.TtlMax ?? options.TtlMax));
        }

        sets.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        held.Sort(string.CompareOrdinal);
        problems.Sort((a, b) => a.Location.CompareTo(b.Location));
        return (sets, held, problems);
    }

    private static string? Wrong(ImportMember member, ReconcileOptions options)
    {
        var isOwn = member.Name.Segment!.Text == options.Segment;
        return member.Genesis is null && !(isOwn && options.Genesis is not null)
            ? $"member {member.Name} is of another segment, so it needs genesis=<that segment's genesis digest>"
            : isOwn && options.Genesis is { } own && member.Genesis is { } given && given != own
                ? $"member {member.Name} is of this segment, whose genesis is {own}, not {given} (GenesisMismatch)"
            : null;
    }

    private static SetMember MemberOf(ImportMember member, ReconcileOptions options) => new()
    {
        Genesis = member.Genesis ?? options.Genesis!.Value,
        Name = member.Name,
        Priority = member.Priority,
        Weight = member.Weight,
    };
}
