using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.TransportSockets;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.Resolver.Sets;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>
/// Who the endpoints of a name that two segments serve must show to be. Both speak for one trust domain, as a home's
/// Scopes may let them, each with an authority of its own; all answers are verified ones.
/// </summary>
public sealed class SetIdentityTests
{
    private const string Domain = "shop.example";
    private const string Server = $"spiffe://{Domain}/ns/shop/sa/checkout";
    private const string Secret = "/run/svid.json";

    private static readonly CertificateAuthority Us1 = new(Domain, TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Eu1 = new(Domain, TimeProvider.System.GetUtcNow());

    [Fact]
    public void Members_OfOneTrustDomain_AreEachHeldAgainstTheirOwnSegmentsBundle()
    {
        var cached = Joined(Us1);
        var served = ServedNameMapping.Map(cached, new ClientTls(Secret, null));
        Assert.Equal(2, served.Tls!.Peers.Length);
        Assert.Equal(Secret, served.Tls.Clients.Secret);
        Assert.Equal(3, served.Endpoints.Length);
        foreach (var endpoint in served.Endpoints)
        {
            var peer = Assert.Single(served.Tls.Peers, peer => peer.Id == endpoint.Peer);
            Assert.Equal([Server], peer.Identities);
            Assert.Equal(Pem(AuthorityOf(endpoint.Member!.Name)), Assert.Single(peer.Bundles).Value);
            Assert.Equal(endpoint.Member.Name, peer.ServerName);
        }

        var proxied = ProxiedServiceMapping.Map(cached);
        Assert.Empty(proxied.Bundles);
        Assert.All(proxied.Endpoints, one => Assert.Equal([Server], one.Identities));
        Assert.All(proxied.Endpoints, one => Assert.Equal(
            AuthorityOf(one.Provenance!.Segment).Bundle.Digest, Assert.Single(one.Bundles!).Value.Digest));
    }

    /// <summary>One cluster of a gRPC client has one check: any of the identities, by the authorities of its own
    /// bootstrap. Where that offers none it is told nothing, as ever.</summary>
    [Fact]
    public void Grpc_IsToldTheIdentities_WhereItsBootstrapHasProviders()
    {
        var providers = new GrpcProviders("roots", "own");
        var served = ServedNameMapping.Map(Joined(Us1), new ClientTls(Secret, providers));
        var cluster = ClusterOf(served);
        var tls = cluster.TransportSocket.TypedConfig.Unpack<UpstreamTlsContext>().CommonTlsContext;
        Assert.Equal("roots", tls.ValidationContext.CaCertificateProviderInstance.InstanceName);
        Assert.Equal("own", tls.TlsCertificateProviderInstance.InstanceName);
        Assert.Equal(Server, Assert.Single(tls.ValidationContext.MatchSubjectAltNames).Exact);
        Assert.Null(tls.ValidationContext.CustomValidatorConfig);

        var told = ServedNameMapping.Map(Joined(Us1), new ClientTls(Secret, null));
        Assert.Null(ClusterOf(told).TransportSocket);
    }

    /// <summary>In the clear nobody is checked: an endpoint without an identity is left out beside those that have
    /// one.</summary>
    [Fact]
    public void Grpc_IsNotServedWhatItsOneCheckWouldRefuse()
    {
        var both = ServedNameMapping.Map(
            Joined(Us1, isFirstIdentified: false), new ClientTls(null, new GrpcProviders("roots", null)));
        Assert.Contains(both.Endpoints, endpoint => endpoint.Peer is null);
        var served = TlsTranslation.CheckableByGrpc(both);
        Assert.NotEmpty(served.Endpoints);
        Assert.All(served.Endpoints, endpoint => Assert.NotNull(endpoint.Peer));
        var clear = both with { Tls = both.Tls! with { Clients = ClientTls.None } };
        Assert.Same(clear, TlsTranslation.CheckableByGrpc(clear));
    }

    /// <summary>V55: a trust domain with authorities of its own is checked against these, and beside those of another
    /// it is left out, since the cluster has one check.</summary>
    [Theory]
    [InlineData("roots", "{}", "roots", 3)]
    [InlineData("roots", "shop.example", "shop", 3)]
    [InlineData(null, "shop.example", "shop", 3)]
    [InlineData(null, "other.example", null, 0)]
    public void Grpc_IsToldTheAuthoritiesOfTheTrustDomain(string? others, string domain, string? told, int count)
    {
        var providers = new GrpcProviders(others, null)
        {
            Domains = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add(domain, "shop"),
        };
        var served = TlsTranslation.CheckableByGrpc(
            ServedNameMapping.Map(Joined(Us1), new ClientTls(null, providers)));
        Assert.Equal(count, served.Endpoints.Length);
        Assert.Equal(told is null ? Reasons.NoProvider : null, served.Reason);
        Assert.Equal(told, told is null ? null : ProviderOf(ClusterOf(served)));
    }

    /// <summary>Of two domains with different authorities the first priority's are served.</summary>
    [Fact]
    public void Grpc_OfTwoTrustDomains_IsServedTheEndpointsThatOneCheckIsRightFor()
    {
        var mapped = ServedNameMapping.Map(Joined(Us1), new ClientTls(null, new GrpcProviders("roots", null)
        {
            Domains = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty
                .Add("other.example", "other"),
        }));
        var second = mapped.Endpoints.First(endpoint => endpoint.Member!.Name == SetWorld.Second).Peer;
        var both = mapped with
        {
            Tls = mapped.Tls! with
            {
                Peers =
                [
                    .. mapped.Tls.Peers.Select(peer => peer.Id == second
                        ? peer with { Identities = ["spiffe://other.example/checkout"] }
                        : peer),
                ],
            },
        };
        var served = TlsTranslation.CheckableByGrpc(both);
        Assert.Equal([SetWorld.First], served.Endpoints.Select(endpoint => endpoint.Member!.Name).Distinct());
        Assert.Equal("roots", ProviderOf(ClusterOf(served)));
        Assert.Equal(Server, Assert.Single(served.Tls!.Peers).Identities.Single());

        // What is down decides nothing: also not one endpoint of a priority of which another one is up.
        Assert.Equal("other", ProviderOf(ClusterOf(Down(_ => true))));
        Assert.Equal("roots", ProviderOf(ClusterOf(Down(i => i == 0))));

        // Nothing is known since a restart: that is no reason to take endpoints away, nor to speak in the clear.
        var pending = TlsTranslation.CheckableByGrpc(both with { Endpoints = [], Reason = Reasons.Pending });
        Assert.True(pending.IsPending);
        Assert.NotNull(ClusterOf(pending).TransportSocket);
        Assert.Single(pending.Tls!.Peers);

        ServedName Down(Func<int, bool> isDown)
        {
            var first = both.Endpoints.Where(one => one.Member!.Name == SetWorld.First).ToList();
            return TlsTranslation.CheckableByGrpc(both with
            {
                Endpoints =
                [
                    .. both.Endpoints.Select(one => first.IndexOf(one) is >= 0 and var i && isDown(i)
                        ? one with { Health = ServedHealth.Unready }
                        : one),
                ],
            });
        }
    }

    private static string ProviderOf(Cluster cluster) => cluster.TransportSocket.TypedConfig
        .Unpack<UpstreamTlsContext>().CommonTlsContext.ValidationContext.CaCertificateProviderInstance.InstanceName;

    private static Cluster ClusterOf(ServedName served) =>
        ClusterTranslation.Translate(Audience.Grpc, "checkout", "checkout", served.Ports[0], null, served);

    [Fact]
    public void Envoy_ChoosesForEachMembersEndpointsTheSocketThatKnowsItsBundle()
    {
        var served = ServedNameMapping.Map(Joined(Us1), new ClientTls(Secret, null));
        var (cluster, assignment) = Translate(served);
        Assert.Equal(2, cluster.TransportSocketMatches.Count);
        foreach (var locality in assignment.Endpoints)
        {
            var member = locality.Locality.SubZone;
            foreach (var endpoint in locality.LbEndpoints)
            {
                var peer = endpoint.Metadata.FilterMetadata[WellKnown.SocketMatch];
                var match = Assert.Single(cluster.TransportSocketMatches, match => match.Match.Equals(peer));
                Assert.Equal((member, Pem(AuthorityOf(member))), Told(served, match));
            }
        }

        Assert.Equal([SetWorld.First, SetWorld.Second], assignment.Endpoints.Select(one => one.Locality.SubZone));
    }

    [Fact]
    public void Member_WithoutIdentities_IsSpokenToInTheClearAndTheOtherIsNot()
    {
        var served = ServedNameMapping.Map(Joined(null, isFirstIdentified: false));
        var (cluster, assignment) = Translate(served);
        var sockets = assignment.Endpoints.ToLookup(
            one => one.Locality.SubZone,
            one => Assert.Single(cluster.TransportSocketMatches, match => match.Match.Equals(
                one.LbEndpoints[0].Metadata.FilterMetadata[WellKnown.SocketMatch])).TransportSocket.Name);
        Assert.All(sockets[SetWorld.First], name => Assert.Equal(WellKnown.RawBuffer, name));
        Assert.Equal([WellKnown.Tls], sockets[SetWorld.Second]);
    }

    /// <summary>What nobody vouches for is left out for Envoy, and another member's bundle does not stand in.</summary>
    [Fact]
    public void Member_WhoseSegmentSealedNoBundle_IsNotServedByTheOthers()
    {
        var cached = Joined(null);
        var checkable = TlsTranslation.Checkable(ServedNameMapping.Map(cached));
        Assert.Equal([SetWorld.Second], checkable.Endpoints.Select(one => one.Member!.Name).Distinct());
        Assert.All(
            ProxiedServiceMapping.Map(cached).Endpoints.Where(one => one.Provenance!.Segment == "us1.internal"),
            one => Assert.Empty(one.Bundles!));
    }

    private static (Cluster Cluster, ClusterLoadAssignment Assignment) Translate(ServedName served) => (
        ClusterTranslation.Translate(Audience.Envoy, "checkout", "checkout", served.Ports[0], null, served),
        AssignmentTranslation.Translate(served, "checkout", 0));

    private static (string Name, string Bundle) Told(
        ServedName served, Cluster.Types.TransportSocketMatch match)
    {
        var tls = match.TransportSocket.TypedConfig.Unpack<UpstreamTlsContext>();
        var name = tls.CommonTlsContext.CombinedValidationContext.ValidationContextSdsSecretConfig.Name;
        var secret = Assert.Single(TlsTranslation.Bundles(served), one => one.Name == name);
        var validator = secret.ValidationContext.CustomValidatorConfig.TypedConfig.Unpack<SPIFFECertValidatorConfig>();
        return (tls.Sni, Assert.Single(validator.TrustDomains).TrustBundle.InlineBytes.ToStringUtf8());
    }

    private static CertificateAuthority AuthorityOf(string name) =>
        name.EndsWith("us1.internal", StringComparison.Ordinal) ? Us1 : Eu1;

    private static string Pem(CertificateAuthority authority) => authority.Certificate.ExportCertificatePem() + "\n";

    private static VerifiedAnswer Answer(SetWorld set, CertificateAuthority? authority, bool isHome)
    {
        var world = set.World;
        var (segment, slice) = isHome ? (world.Eu1, set.Local) : (world.Us1, world.East);
        var ask = isHome ? new TestAnswers(world.Eu1, SetWorld.Second, world.Now) : world.Ask();
        segment.Next(world.Now - 40_000, epoch => epoch with { Domains = [Domain] });
        segment.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, world.Now - 30_000, segment.Publisher, slice) with
        {
            Identities = [Server],
        });
        if (authority is not null)
        {
            segment.Put(AnswerLeaves.BundleOf(
                Domain, world.Now, segment.Publisher, Convert.ToBase64String(authority.Certificate.RawData)));
            ask.Extra.Add((isHome ? 0 : 1, LeafClass.Bundle, Domain));
        }

        segment.SealAt(world.Now - 500);
        return AnswerVerifier.Verify(world.State, ask.Query, ask.Record(slice), world.Now) switch
        {
            Verdict.Accepted accepted => accepted.Answer,
            Verdict.Refused refused => throw new InvalidOperationException(refused.Refusal.ToString()),
            _ => throw new InvalidOperationException(),
        };
    }

    private static CachedName Joined(CertificateAuthority? ofFirst, bool isFirstIdentified = true)
    {
        // Before the home speaks for the domain: then nobody else would.
        var world = new SetWorld();
        var set = world.SetAnswer();
        var first = isFirstIdentified ? Answer(world, ofFirst, isHome: false) : world.FirstAnswer();
        var second = Answer(world, Eu1, isHome: true);
        var told = new List<CachedName>();
        var book = new SetBook((_, _) => { }, told.Add);
        book.Changed(Of(SetWorld.Name, set));
        book.Changed(Of(SetWorld.First, first));
        book.Changed(Of(SetWorld.Second, second));
        var joined = told.Last(name => name.Name == SetWorld.Name);
        Assert.All(joined.Members, part => Assert.True(part.IsUsed));
        return joined;
    }

    private static CachedName Of(string name, VerifiedAnswer answer) =>
        new(name, NameState.Fresh, answer, 0, 60_000, 0, null) { StaleUntil = 90_000, LastRecord = answer.Record };
}
