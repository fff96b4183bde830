using Fairlead.Naming;

namespace Fairlead.Identities;

/// <summary>The path by which SPIFFE ids name service accounts: <c>spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT</c>.
/// Stateless.</summary>
public static class KubernetesPath
{
    /// <summary>Whom an id names; null for one of another form. Whether the names are ones that Kubernetes takes is not
    /// looked at.</summary>
    public static Subject? SubjectOf(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return id.Split('/') is [_, _, _, "ns", var space, "sa", var account]
            ? new Subject { Namespace = space, Account = account }
            : null;
    }
}
