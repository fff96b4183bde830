using Fairlead.Kubernetes.Objects;
using Fairlead.Kubernetes.Reconciling;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>The contents of what manifests want besides records, as a publisher would sign it. Pure.</summary>
internal static class LeafContents
{
    /// <summary>The content of a name that several segments serve.</summary>
    internal static LeafContent<Set> Of(DesiredSet desired, Digest publisher) => new(new Set
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

    /// <summary>The content of a trust domain's certificates.</summary>
    internal static LeafContent<Bundle> Of(ClusterTrustBundle bundle, Digest publisher) => new(new Bundle
    {
        Domain = bundle.Domain,
        Expires = 0,
        Issued = 0,
        Opening = default,
        Publisher = publisher,
        Version = 0,
        X509 = [.. bundle.Certificates],
    });

    /// <summary>The content of the way into a network.</summary>
    internal static LeafContent<Gateway> Of(NetworkGateway gateway, Digest publisher) => new(new Gateway
    {
        Addresses = [.. gateway.Addresses],
        Expires = 0,
        Identities = [.. gateway.Identities],
        Issued = 0,
        Network = gateway.Network,
        Opening = default,
        Publisher = publisher,
        Version = 0,
    });
}
