using System.Globalization;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// Reads a ServiceImport. <c>fairlead.dev/members</c> lists its members with commas or line ends between them, each a
/// full name and, where wanted, <c>priority=N</c> (default 0), <c>weight=N</c> (default 1) and
/// <c>genesis=DIGEST</c>, which only a member of the own segment may leave out. Stateless.
/// </summary>
internal static class ServiceImportReader
{
    private const string Annotation = "fairlead.dev/members";

    private const string Remedy = "write for example checkout.shop.svc.us1.example priority=0 weight=1 "
        + "genesis=<64 hexadecimal digits>, with commas between members";

    /// <summary>The import that <paramref name="header"/> opens.</summary>
    public static ServiceImport Read(ObjectHeader header, ProblemList problems)
    {
        var node = Member.Map(header.Metadata, "annotations", problems)?[Annotation];
        var own = AnnotationReader.Read(header, problems);
        return new(
            header.Key, node is null ? [] : Members(node, problems), own.Identities, own.TtlMax,
            problems.At(header.Root.Line));
    }

    private static List<ImportMember> Members(ManifestNode node, ProblemList problems)
    {
        var members = new SortedDictionary<string, ImportMember>(StringComparer.Ordinal);
        var texts = (node.Text ?? "")
            .Split([',', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var text in texts)
        {
            if (!TryRead(text, out var member, out var wrong))
            {
                problems.Add(node.Line, $"{Annotation} '{text}' is no member: {wrong}; {Remedy}");
            }
            else if (!members.TryAdd(member!.Name.Text, member))
            {
                problems.Add(node.Line, $"{Annotation} names {member.Name} twice: remove one of them");
            }
        }

        if (texts.Length is 0 or > Limits.SetMembers)
        {
            problems.Add(
                node.Line,
                $"{Annotation} lists {texts.Length} members, 1 to {Limits.SetMembers} are possible; {Remedy}");
        }

        return [.. members.Values];
    }

    private static bool TryRead(string text, out ImportMember? member, out string wrong)
    {
        member = null;
        var words = text.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (!FullName.TryParse(words[0], out var name, out var refusal))
        {
            wrong = $"{refusal.Failure}: {refusal.Detail}";
            return false;
        }

        if (name.IsClusterSet || name.Service is not { Host: null })
        {
            wrong = $"BadName: {name} is not a service of a segment";
            return false;
        }

        var read = new ImportMember(name, null, 0, 1);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var word in words.Skip(1))
        {
            var (key, value) = word.Split('=') is [var left, var right] ? (left, right) : (word, "");
            if (!seen.Add(key) || Option(read, key, value) is not { } next)
            {
                wrong = $"'{word}'";
                return false;
            }

            read = next;
        }

        (member, wrong) = (read, "");
        return true;
    }

    private static ImportMember? Option(ImportMember member, string key, string value) => key switch
    {
        "priority" when Number(value, 0, Limits.SetPriority) is { } priority => member with { Priority = priority },
        "weight" when Number(value, 1, Limits.SetWeight) is { } weight => member with { Weight = weight },
        "genesis" when Digest.TryParse(value, out var genesis) => member with { Genesis = genesis },
        _ => null,
    };

    private static int? Number(string text, int min, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number >= min && number <= max
            ? number
            : null;
}
