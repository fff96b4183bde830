using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>A bundle with everything that changes from version to version set to zero. Immutable.</summary>
internal sealed record BundleContent : Content
{
    private BundleContent(Bundle template)
        : base(new EntryKey(LeafClass.Bundle, template.Domain).Text, Document.Make(template).Digest) =>
        Template = template;

    /// <summary>The bundle with zeros.</summary>
    public Bundle Template { get; }

    /// <summary>The content of <paramref name="bundle"/>.</summary>
    public static BundleContent Of(Bundle bundle) =>
        new(bundle with { Expires = 0, Issued = 0, Opening = default, Version = 0 });

    /// <summary>The content of a manifest, as <paramref name="publisher"/> would sign it.</summary>
    public static BundleContent Of(ClusterTrustBundle bundle, Digest publisher) => new(new Bundle
    {
        Domain = bundle.Domain,
        Expires = 0,
        Issued = 0,
        Opening = default,
        Publisher = publisher,
        Version = 0,
        X509 = [.. bundle.Certificates],
    });
}
