using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Naming.Names;
using Fairlead.Naming.Traversal;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>Who the endpoints of a verified answer must show to be (V54, V55). Pure.</summary>
internal static class ServedTlsMapping
{
    /// <summary>The most sets of identities of a name: each is a check of its own in every cluster of the name, of
    /// about 1.5 kB, whatever segment wrote the record.</summary>
    internal const int PeersMax = 64;

    /// <summary>The most of a name that several segments serve, in equal shares as far as they need them.</summary>
    internal const int JointPeersMax = 256;

    /// <summary>The identities and bundles of an answer; null where no endpoint has an identity.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="endpoints">Its endpoints.</param>
    /// <param name="tls">What clients have for mutual TLS; null for nothing.</param>
    internal static ServedTls? Of(VerifiedAnswer answer, IEnumerable<ReachedEndpoint> endpoints, ClientTls? tls)
    {
        var sets = new SortedDictionary<string, ReachedEndpoint>(StringComparer.Ordinal);
        foreach (var endpoint in endpoints)
        {
            if (PeerOf(endpoint) is { } id && (sets.Count < PeersMax || sets.ContainsKey(id)))
            {
                sets.TryAdd(id, endpoint);
            }
        }

        if (sets.Count == 0)
        {
            return null;
        }

        var bundles = SealedBundles.Of(answer).ToImmutableSortedDictionary(
            pair => pair.Key,
            pair => string.Join('\n', pair.Value.Authorities.Select(one => one.ExportCertificatePem())) + "\n",
            StringComparer.Ordinal);
        return new ServedTls(
            [
                .. sets.Select(set => new TlsPeer(set.Key,
                [
                    .. set.Value.Identities.Where(identity => SpiffeId.TrustDomainOf(identity) is { } domain
                        && bundles.ContainsKey(domain)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
                ], bundles, answer.Name.Text) { IsGateway = set.Value.IsGateway }),
            ],
            tls ?? ClientTls.None);
    }

    /// <summary>
    /// The identities of a set's members side by side, each with the bundles of its own segment: two segments may both
    /// speak for one trust domain, and an endpoint is checked against what its own sealed alone.
    /// </summary>
    internal static ServedTls? Join(IEnumerable<(string Member, ServedTls? Tls)> members, ClientTls? tls)
    {
        var peers = members.SelectMany(one => one.Tls?.Peers.Select((peer, i) => (At: i, Peer: peer with
        {
            Id = PeerOf(one.Member, peer.Id),
        })) ?? []).OrderBy(one => one.At).Take(JointPeersMax).Select(one => one.Peer)
            .OrderBy(peer => peer.Id, StringComparer.Ordinal).ToImmutableArray();
        return peers.IsEmpty ? null : new ServedTls(peers, tls ?? ClientTls.None);
    }

    /// <summary>Those endpoints that need no check, or one that there is.</summary>
    internal static ImmutableArray<ServedEndpoint> Known(IEnumerable<ServedEndpoint> endpoints, ServedTls? tls)
    {
        var ids = tls?.Peers.Select(peer => peer.Id).ToHashSet(StringComparer.Ordinal);
        return [.. endpoints.Where(one => one.Peer is not { } peer || ids?.Contains(peer) == true)];
    }

    /// <summary>What tells the identities of a member's endpoint from those of others.</summary>
    internal static string PeerOf(string member, string peer) => HashOf($"{member}\n{peer}");

    /// <summary>What tells the identities of an endpoint from those of others; null where it has none.</summary>
    internal static string? PeerOf(ReachedEndpoint endpoint) =>
        endpoint.Identities.IsEmpty ? null
        : HashOf(string.Join('\n', endpoint.Identities) + (endpoint.IsGateway ? "\ngateway" : ""));

    private static string HashOf(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
}
