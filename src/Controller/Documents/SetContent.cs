using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Reconciling;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>
/// A Set with everything that changes from version to version set to zero. Immutable.
/// </summary>
internal sealed record SetContent : Content
{
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
    public static string KeyOf(string service) => new EntryKey(LeafClass.Set, service).Text;
}
