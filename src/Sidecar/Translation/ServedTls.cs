using System.Collections.Immutable;
using Fairlead.Naming.Names;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// Who the endpoints of a name are, and who vouches for them. Immutable.
/// </summary>
/// <param name="Peers">The identities that occur, by <see cref="TlsPeer.Id"/>.</param>
/// <param name="Clients">By what clients prove themselves, and proxyless gRPC checks others.</param>
internal sealed record ServedTls(ImmutableArray<TlsPeer> Peers, ClientTls Clients)
{
    /// <summary>Of a name of which nothing is known yet: whether it had endpoints without an identity too.</summary>
    public bool HadClear { get; init; }
}

/// <summary>What clients of this pod have for mutual TLS. Immutable.</summary>
/// <param name="Secret">The file of the secret that Envoy shows as its own certificate; null to show none.</param>
/// <param name="Grpc">What the bootstraps of proxyless gRPC clients offer; null for nothing: then they are told no
/// identity, and speak in the clear.</param>
internal sealed record ClientTls(string? Secret, GrpcProviders? Grpc)
{
    /// <summary>Nothing.</summary>
    internal static ClientTls None { get; } = new(null, null);
}

/// <summary>
/// Names under <c>certificate_providers</c> in the bootstraps of this pod's proxyless gRPC clients (gRPC A29). A name
/// that a bootstrap lacks has the client refuse the cluster. Immutable.
/// </summary>
/// <param name="Authorities">Whose root certificates an endpoint of any other trust domain is checked against; null to
/// serve no such endpoint.</param>
/// <param name="Certificate">Whose certificate the client shows; null to show none.</param>
internal sealed record GrpcProviders(string? Authorities, string? Certificate)
{
    /// <summary>The trust domains that have root certificates of their own, each with the provider of these
    /// (V55).</summary>
    public ImmutableSortedDictionary<string, string> Domains { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Against whose root certificates an identity is checked; null where there are none for its trust
    /// domain.</summary>
    /// <param name="identity">A SPIFFE id.</param>
    internal string? Of(string identity) => identity == TlsPeer.Nobody ? Authorities ?? Domains.Values.FirstOrDefault()
        : SpiffeId.TrustDomainOf(identity) is { } domain ? Domains.GetValueOrDefault(domain) ?? Authorities
        : null;
}

/// <summary>Those whom an endpoint must be one of. Immutable.</summary>
/// <param name="Id">What tells it from others: a hash of its identities, of the way there, and in a set of its
/// member.</param>
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
    string ServerName)
{
    /// <summary>The identity of nobody, for endpoints that had one which is not known yet: spoken to by TLS that no
    /// endpoint passes, never in the clear. No authority vouches for a name under <c>invalid</c> (RFC 2606).</summary>
    internal const string Nobody = "spiffe://fairlead.invalid/nobody";

    /// <summary>Whether it is reached by the gateway of its network.</summary>
    public bool IsGateway { get; init; }
}
