using System.Globalization;
using Fairlead.Configuration;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming.Names;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>Reads the <c>fairlead.dev/</c> annotations of a Service (trust 4.1, "Sources").</summary>
internal static class AnnotationReader
{
    private const string Prefix = "fairlead.dev/";
    private const int WeightMax = 65_535;
    private const int IdentitiesMax = 32;

    // A string of a document is at most that long: shorter than SPIFFE allows.
    private const int IdentityBytesMax = 1024;
    private static readonly TimeSpan ContinuityMax = TimeSpan.FromHours(24);
    private static readonly TimeSpan TtlMax = TimeSpan.FromHours(1);

    /// <summary>What the annotations of the object say.</summary>
    public static ServiceAnnotations Read(ObjectHeader header, ProblemList problems)
    {
        if (Member.Map(header.Metadata, "annotations", problems) is not { } annotations)
        {
            return ServiceAnnotations.None;
        }

        return new(
            Duration(annotations, "continuity", TimeSpan.Zero, ContinuityMax, problems),
            Duration(annotations, "ttl-max", TimeSpan.FromMilliseconds(1), TtlMax, problems),
            Identities(annotations, problems),
            Weight(annotations, problems));
    }

    private static TimeSpan? Duration(
        ManifestNode annotations, string name, TimeSpan min, TimeSpan max, ProblemList problems)
    {
        if (annotations[Prefix + name] is not { } node)
        {
            return null;
        }

        if (DurationText.TryParse(node.Text ?? string.Empty, out var value) && value >= min && value <= max)
        {
            return value;
        }

        problems.Add(
            node.Line, $"{Prefix}{name} {Member.Shown(node)} is no duration from {DurationText.Format(min)} to "
            + $"{DurationText.Format(max)}: write for example 30s, 5m or 1h30m");
        return null;
    }

    private static int? Weight(ManifestNode annotations, ProblemList problems)
    {
        if (annotations[Prefix + "weight"] is not { } node)
        {
            return null;
        }

        if (int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var weight)
            && weight is >= 1 and <= WeightMax)
        {
            return weight;
        }

        problems.Add(node.Line, $"{Prefix}weight {Member.Shown(node)} is no number from 1 to {WeightMax}");
        return null;
    }

    private static List<string> Identities(ManifestNode annotations, ProblemList problems)
    {
        if (annotations[Prefix + "identities"] is not { } node)
        {
            return [];
        }

        // What is no text is refused like a bad id: an author who asked for identities must not get a record without.
        var identities = node.Text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        if (identities is null
            || identities.Count > IdentitiesMax
            || identities.Exists(identity => identity.Length > IdentityBytesMax || !SpiffeId.IsValid(identity)))
        {
            problems.Add(
                node.Line, $"{Prefix}identities {Member.Shown(node)} is no list of at most {IdentitiesMax} SPIFFE "
                + "ids with commas between them: write for example spiffe://us1.example/ns/shop/sa/checkout");
            return [];
        }

        return identities;
    }
}
