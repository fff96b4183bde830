using System.Collections.Immutable;
using Fairlead.Identities;
using Fairlead.Naming;

namespace Fairlead.Anchor.Identities;

/// <summary>A trust domain whose X.509 SVIDs prove pods of the own segment. Immutable.</summary>
/// <param name="Domain">Its name.</param>
/// <param name="Bundle">The file of its authorities, PEM; read anew when it changes.</param>
/// <param name="KubernetesPaths">
/// Whether an id of the form <c>spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT</c> is that account.
/// </param>
/// <param name="Subjects">The subjects of other ids.</param>
internal sealed record SpiffeDomain(
    string Domain, string Bundle, bool KubernetesPaths, ImmutableDictionary<string, Subject> Subjects)
{
    /// <summary>The subject of an id of this trust domain; null where it is nobody's.</summary>
    internal Subject? SubjectOf(string id)
    {
        if (Subjects.TryGetValue(id, out var named))
        {
            return named;
        }

        return KubernetesPaths && KubernetesPath.SubjectOf(id) is { } account && KubernetesName.IsValid(account)
            ? account
            : null;
    }
}
