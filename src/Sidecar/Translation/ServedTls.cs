using System.Collections.Immutable;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// Who the endpoints of a name are, and who vouches for them. Envoy alone is told: a proxyless gRPC client takes its
/// authorities from its own bootstrap and from nowhere else. Immutable.
/// </summary>
/// <param name="Peers">The identities that occur, by <see cref="TlsPeer.Id"/>.</param>
/// <param name="Secret">The file of the secret that Envoy shows as its own certificate; null to show none.</param>
internal sealed record ServedTls(ImmutableArray<TlsPeer> Peers, string? Secret);

/// <summary>Those whom an endpoint must be one of. Immutable.</summary>
/// <param name="Id">What tells it from others: a hash of its identities, and in a set of its member.</param>
/// <param name="Identities">The SPIFFE ids whose trust domain has a bundle, ascending; empty where nobody vouches for
/// any of them.</param>
/// <param name="Bundles">The authorities of trust domains as PEM, those that the endpoint's own segment sealed and no
/// other's (V55); a domain without any is left out.</param>
/// <param name="ServerName">The name that its TLS is asked for: that of the service in its own segment, by which a
/// gateway there knows where to.</param>
internal sealed record TlsPeer(
    string Id,
    ImmutableArray<string> Identities,
    ImmutableSortedDictionary<string, string> Bundles,
    string ServerName);
