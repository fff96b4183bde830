using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Matchers;
using Fairlead.EnvoyApi.TransportSockets;
using Fairlead.Naming.Names;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// Mutual TLS from Envoy to endpoints that have identities. Each is checked by Envoy's SPIFFE validator, which holds an
/// id against the bundle of its own trust domain alone (V55). An endpoint whose identity nobody vouches for is not
/// served: without the check it would be spoken to in the clear. Bundles come by themselves, so that a new one costs no
/// connection. Pure.
/// </summary>
internal static class TlsTranslation
{
    /// <summary>What an Envoy is served of a name: the endpoints that it can check.</summary>
    internal static ServedName Checkable(ServedName name)
    {
        var unknown = name.Tls?.Peers.Where(peer => peer.Identities.IsEmpty).Select(peer => peer.Id).ToHashSet() ?? [];
        if (unknown.Count == 0)
        {
            return name;
        }

        var endpoints = name.Endpoints.RemoveAll(one => one.Peer is { } peer && unknown.Contains(peer));
        return endpoints.IsEmpty
            ? ServedName.Without(name.Name, Reasons.NoBundle, name.Ports)
            : name with
            {
                Endpoints = endpoints,
                Tls = name.Tls! with { Peers = name.Tls.Peers.RemoveAll(peer => unknown.Contains(peer.Id)) },
            };
    }

    /// <summary>What a proxyless gRPC client is served of a name: where its bootstrap has certificate providers, the
    /// endpoints that it can check. A cluster has one check for all: one whose segment gave it no identity would fail
    /// it, and one of a trust domain with other authorities would be held against those that are not its own
    /// (V55).</summary>
    internal static ServedName CheckableByGrpc(ServedName name)
    {
        if (name.Tls?.Clients.Grpc is not { } providers)
        {
            return name;
        }

        name = Checkable(name);
        if (name.Tls is not { } tls)
        {
            return name;
        }

        var peers = tls.Peers.ToDictionary(peer => peer.Id, peer => peer, StringComparer.Ordinal);

        // Of the first priority that takes requests: else what is served would be what is down.
        var identities = name.IsPending
            ? tls.Peers.SelectMany(peer => peer.Identities)
            : name.Endpoints.OrderBy(one => one.Health == ServedHealth.Healthy ? 0 : 1)
                .ThenBy(one => one.Member?.Priority ?? 0)
                .SelectMany(one => one.Peer is { } id ? peers[id].Identities : []);
        var provider = identities.Select(providers.Of).FirstOrDefault(one => one is not null);
        var kept = tls.Peers.Select(peer => peer with
        {
            Identities = peer.Identities.RemoveAll(identity => providers.Of(identity) != provider),
        }).Where(peer => provider is not null && !peer.Identities.IsEmpty).ToImmutableArray();
        if (name.IsPending && !kept.IsEmpty)
        {
            return name with { Tls = tls with { Peers = kept } };
        }

        var known = kept.Select(peer => peer.Id).ToHashSet(StringComparer.Ordinal);
        var endpoints = name.Endpoints.RemoveAll(one => one.Peer is not { } id || !known.Contains(id));
        return endpoints.IsEmpty
            ? ServedName.Without(name.Name, Reasons.NoProvider, name.Ports)
            : name with { Endpoints = endpoints, Tls = tls with { Peers = kept } };
    }

    /// <summary>Under which name endpoints are told to clusters of ours: one of their own where those speak by
    /// TLS.</summary>
    /// <param name="audience">Whom the clusters are for.</param>
    /// <param name="name">What is served, as far as they can check it; null where nothing is.</param>
    /// <param name="canonical">The canonical name.</param>
    internal static string AssignmentOf(Audience audience, ServedName? name, string canonical)
    {
        var isGuarded = name?.Tls is { Peers: [_, ..] }
            && (audience.Client == ClientKind.Envoy || AuthoritiesOf(name) is not null);
        return isGuarded ? ClusterNames.Guarded(canonical) : canonical;
    }

    /// <summary>What a cluster is told that speaks in the clear: the endpoints that have no identity.</summary>
    internal static ServedName InTheClear(ServedName name) => name with
    {
        Endpoints = name.Endpoints.RemoveAll(endpoint => endpoint.Peer is not null),
        Tls = null,
    };

    /// <summary>The metadata by which an endpoint's socket is chosen; null where its cluster has only one.</summary>
    internal static Struct? MatchOf(ServedName name, ServedEndpoint endpoint) =>
        HasSeveral(name) ? Match(endpoint.Peer ?? WellKnown.NoPeer) : null;

    /// <summary>Gives a cluster what its endpoints are spoken to over.</summary>
    internal static void Add(Cluster cluster, ServedName name, ServedPort? port, Audience audience)
    {
        if (name.Tls is not { Peers: [var first, ..] } tls)
        {
            return;
        }

        // An endpoint that no match fits, as between two updates, meets a check that fails, never the clear.
        // What is not known yet has the form of what will be, and a secret that does not come: nobody is spoken to.
        var isInline = audience.Settings.AreBundlesInline && !name.IsPending;
        var bundles = audience.SourceOf(cluster.Name) == EndpointSource.Ads ? Sources.Ads()
            : Sources.Stream(audience.XdsCluster);
        cluster.TransportSocket = SocketOf(first);
        if (BoundTranslation.IsBound(audience.Settings, name, port))
        {
            BoundTranslation.AddSocket(cluster);
        }

        if (!HasSeveral(name))
        {
            return;
        }

        foreach (var peer in tls.Peers)
        {
            cluster.TransportSocketMatches.Add(MatchOf(peer.Id, SocketOf(peer)));
        }

        if (HasClear(name, tls))
        {
            cluster.TransportSocketMatches.Add(MatchOf(WellKnown.NoPeer, Clear()));
        }

        TransportSocket SocketOf(TlsPeer peer)
        {
            var context = ContextOf(
                tls, peer, BundleOf(name, peer), isInline && IsVouchedFor(peer) ? null : bundles);
            if (peer.IsGateway && audience.Settings.AreGatewaysIstio && port is not null)
            {
                context.Sni = IstioTranslation.ServerName(peer.ServerName, port.Number);
                context.CommonTlsContext.AlpnProtocols.Add(IstioTranslation.ProtocolOf(port));
            }
            else
            {
                context.Sni = peer.ServerName;
                if (port?.Protocol != "tcp")
                {
                    context.CommonTlsContext.AlpnProtocols.Add(ClusterTranslation.IsHttp2(port) ? "h2" : "http/1.1");
                }
            }

            return new TransportSocket { Name = WellKnown.Tls, TypedConfig = Any.Pack(context) };
        }
    }

    /// <summary>
    /// Gives a cluster of a proxyless gRPC client the identities of its endpoints. The client checks the chain against
    /// the authorities of its own bootstrap that are those of their trust domain (see <see cref="CheckableByGrpc"/>);
    /// that the id is one of these, it checks itself. Nothing is added where the bootstrap offers no provider.
    /// </summary>
    internal static void AddForGrpc(Cluster cluster, ServedName name)
    {
        if (name.Tls is not { Clients.Grpc: { } providers } tls || AuthoritiesOf(name) is not { } authorities)
        {
            return;
        }

        var common = new CommonTlsContext
        {
            ValidationContext = new CertificateValidationContext
            {
                CaCertificateProviderInstance = new CertificateProviderPluginInstance
                {
                    InstanceName = authorities,
                },
            },
        };

        // Both libraries read the older list of names alone.
        common.ValidationContext.MatchSubjectAltNames.AddRange(tls.Peers.SelectMany(peer => peer.Identities)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(identity => new StringMatcher { Exact = identity }));
        if (providers.Certificate is { } own)
        {
            common.TlsCertificateProviderInstance = new CertificateProviderPluginInstance { InstanceName = own };
        }

        cluster.TransportSocket = new TransportSocket
        {
            Name = WellKnown.Tls,
            TypedConfig = Any.Pack(new UpstreamTlsContext { CommonTlsContext = common }),
        };
    }

    private static string? AuthoritiesOf(ServedName name) => name.Tls is { Clients.Grpc: { } providers } tls
        ? tls.Peers.SelectMany(peer => peer.Identities).Select(providers.Of).FirstOrDefault()
        : null;

    /// <summary>What speaks in the clear.</summary>
    internal static TransportSocket Clear() =>
        new() { Name = WellKnown.RawBuffer, TypedConfig = Any.Pack(new RawBuffer()) };

    private static bool HasSeveral(ServedName name) => name.Tls is { } tls
        && (tls.Peers.Length > 1 || HasClear(name, tls));

    private static bool HasClear(ServedName name, ServedTls tls) =>
        tls.HadClear || name.Endpoints.Any(endpoint => endpoint.Peer is null);

    private static Cluster.Types.TransportSocketMatch MatchOf(string peer, TransportSocket socket) =>
        new() { Name = peer, Match = Match(peer), TransportSocket = socket };

    private static Struct Match(string peer) => new() { Fields = { [WellKnown.Peer] = Value.ForString(peer) } };

    /// <summary>The secrets that the name's clusters ask for: the bundles that one answer sealed, once for all whom the
    /// same ones vouch for.</summary>
    internal static IEnumerable<Secret> Bundles(ServedName name)
    {
        var peers = name.IsPending ? [] : name.Tls?.Peers ?? [];
        return peers.Where(IsVouchedFor).DistinctBy(peer => BundleOf(name, peer)).Select(peer => new Secret
        {
            Name = BundleOf(name, peer),
            ValidationContext = new CertificateValidationContext { CustomValidatorConfig = Validator(peer) },
        });
    }

    // What was kept over a restart has no bundles until an answer brings them: nobody passes meanwhile.
    private static bool IsVouchedFor(TlsPeer peer) => Domains(peer).All(peer.Bundles.ContainsKey);

    // The same whatever the bundle is, and another one for the same domain where another answer sealed it (V55), or
    // where the same answer serves another name too: each name's resources come and go by themselves.
    private static string BundleOf(ServedName name, TlsPeer peer)
    {
        var domains = string.Join('\n', Domains(peer));
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(
            name.Name == peer.ServerName ? domains : $"{domains}\n{name.Name}"));
        return $"{WellKnown.Bundle}/{peer.ServerName}/{Convert.ToHexStringLower(digest)[..16]}";
    }

    private static IEnumerable<string> Domains(TlsPeer peer) => peer.Identities.Select(SpiffeId.TrustDomainOf)
        .OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static UpstreamTlsContext ContextOf(ServedTls tls, TlsPeer peer, string bundle, ConfigSource? bundles)
    {
        var taken = new CertificateValidationContext
        {
            MatchTypedSubjectAltNames =
            {
                peer.Identities.Select(identity => new SubjectAltNameMatcher
                {
                    SanType = SubjectAltNameMatcher.Types.SanType.Uri,
                    Matcher = new StringMatcher { Exact = identity },
                }),
            },
        };
        var common = new CommonTlsContext
        {
            // As a client Envoy offers 1.2 at most unless it is told.
            TlsParams = new TlsParameters
            {
                TlsMinimumProtocolVersion = TlsParameters.Types.TlsProtocol.Tlsv12,
                TlsMaximumProtocolVersion = TlsParameters.Types.TlsProtocol.Tlsv13,
            },
        };
        if (bundles is null)
        {
            taken.CustomValidatorConfig = Validator(peer);
            common.ValidationContext = taken;
        }
        else
        {
            common.CombinedValidationContext = new CommonTlsContext.Types.CombinedCertificateValidationContext
            {
                DefaultValidationContext = taken,
                ValidationContextSdsSecretConfig = new SdsSecretConfig
                {
                    Name = bundle,
                    SdsConfig = bundles,
                },
            };
        }

        if (tls.Clients.Secret is { } path)
        {
            common.TlsCertificateSdsSecretConfigs.Add(new SdsSecretConfig
            {
                Name = WellKnown.Secret,
                SdsConfig = new ConfigSource
                {
                    PathConfigSource = new PathConfigSource { Path = path },
                    ResourceApiVersion = ApiVersion.V3,
                },
            });
        }

        return new UpstreamTlsContext { CommonTlsContext = common };
    }

    private static TypedExtensionConfig Validator(TlsPeer peer)
    {
        var config = new SPIFFECertValidatorConfig();
        foreach (var domain in Domains(peer))
        {
            config.TrustDomains.Add(new SPIFFECertValidatorConfig.Types.TrustDomain
            {
                Name = domain,
                TrustBundle = new DataSource { InlineBytes = ByteString.CopyFromUtf8(peer.Bundles[domain]) },
            });
        }

        return new TypedExtensionConfig { Name = WellKnown.SpiffeValidator, TypedConfig = Any.Pack(config) };
    }
}
