using System.Diagnostics.CodeAnalysis;
using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Reconciling;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>
/// A Set with everything that changes from version to version set to zero. Its key among the names that are published
/// is the full name under clusterset.local, since a record of the same service part may stand beside it. Immutable.
/// </summary>
internal sealed record SetContent : Content
{
    private const string Suffix = "." + SegmentName.ClusterSet;

    private SetContent(Set template)
        : base(KeyOf(template.Name.Text), Document.Make(template).Digest) => Template = template;

    /// <summary>The Set with zeros.</summary>
    public Set Template { get; }

    /// <summary>The content of <paramref name="set"/>.</summary>
    public static SetContent Of(Set set) =>
        new(set with { Expires = 0, Issued = 0, Opening = default, Version = 0 });

    /// <summary>The content of <paramref name="desired"/>, as <paramref name="publisher"/> would sign it.</summary>
    public static SetContent Of(DesiredSet desired, Digest publisher) => Of(new Set
    {
        Expires = 0,
        Identities = [.. desired.Identities],
        Issued = 0,
        Members = [.. desired.Members],
        Name = ServicePart.Parse(desired.Name),
        Opening = default,
        Publisher = publisher,
        TtlMax = (long)desired.TtlMax.TotalMilliseconds,
        Version = 0,
    });

    /// <summary>The key of the Set of a service part.</summary>
    public static string KeyOf(string service) => service + Suffix;

    /// <summary>The service part of a Set's key; false for the key of a record.</summary>
    public static bool TryService(string key, [NotNullWhen(true)] out string? service)
    {
        service = key.EndsWith(Suffix, StringComparison.Ordinal) ? key[..^Suffix.Length] : null;
        return service is not null;
    }
}
