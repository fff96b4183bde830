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
    /// <summary>The identities and bundles of an answer; null where no endpoint has an identity.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="endpoints">Its endpoints.</param>
    /// <param name="secret">The file of Envoy's own certificate; null for none.</param>
    internal static ServedTls? Of(VerifiedAnswer answer, IEnumerable<ReachedEndpoint> endpoints, string? secret)
    {
        var sets = new SortedDictionary<string, ImmutableArray<string>>(StringComparer.Ordinal);
        foreach (var endpoint in endpoints)
        {
            if (PeerOf(endpoint) is { } id)
            {
                sets.TryAdd(id, endpoint.Identities);
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
                    .. set.Value.Where(identity => SpiffeId.TrustDomainOf(identity) is { } domain
                        && bundles.ContainsKey(domain)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
                ])),
            ],
            bundles,
            secret);
    }

    /// <summary>What tells the identities of an endpoint from those of others; null where it has none.</summary>
    internal static string? PeerOf(ReachedEndpoint endpoint)
    {
        if (endpoint.Identities.IsEmpty)
        {
            return null;
        }

        var text = Encoding.UTF8.GetBytes(string.Join('\n', endpoint.Identities));
        return Convert.ToHexStringLower(SHA256.HashData(text))[..16];
    }
}
