using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>Where the endpoints of verified answers are reached, and who vouches for them.</summary>
public sealed class ReachedEndpointsTests
{
    private const string Checkout = PeerWorld.Checkout;
    private const string Server = "spiffe://us1.example/ns/shop/sa/checkout";
    private const string Gate = "spiffe://us1.example/ns/mesh/sa/gateway";

    private static readonly CertificateAuthority Authority = new("us1.example", TimeProvider.System.GetUtcNow());

    private readonly PeerWorld _world = new();

    public ReachedEndpointsTests() =>
        _world.Us1.Next(_world.Now - 45_000, epoch => epoch with { Domains = ["us1.example"] });

    [Fact]
    public void Gateway_StandsOnceForWhatIsBehindIt_WhereMostOfItsLoadIs()
    {
        var answer = Answer(
            [Gateway("vpc-2", "10.9.0.1:15443", "10.9.0.2:15443"), Gateway("vpc-3", "10.9.0.1:15443")],
            In("vpc-2", "a", "10.3.0.1", 4), In("vpc-2", "b", "10.3.0.2", 10), In("vpc-3", "a", "10.3.0.3", 4));
        Assert.Equal(
            ["10.9.0.1:15443 us-east/a 22", "10.9.0.2:15443 us-east/b 14"],
            ReachedEndpoints.Of(answer).Select(Show).Order(StringComparer.Ordinal));
    }

    /// <summary>A gateway leads to a port where anything behind it serves that.</summary>
    [Fact]
    public void Gateway_ServesNoPortThatNothingBehindItServes()
    {
        var serving = SliceOf(In("vpc-2", "a", "10.3.0.1", 4));
        var lacking = SliceOf(In("vpc-2", "a", "10.3.0.2", 4)) with { Ports = [0] };
        Assert.Equal([0], PortsOf(lacking));
        Assert.Equal([15443], PortsOf(lacking, serving));
        Assert.Equal([15443], PortsOf(serving, lacking));

        IEnumerable<int> PortsOf(params Slice[] slices) =>
            Assert.Single(ReachedEndpoints.Of(Sealed([Gateway("vpc-2", "10.9.0.1:15443")], slices))).Ports;
    }

    /// <summary>A gateway takes the load of what is behind it, however many addresses it has.</summary>
    [Fact]
    public void Weights_OfGatewaysWithManyAddresses_KeepTheirProportions()
    {
        var answer = Answer(
            [Gateway("vpc-2", "10.9.0.1:1", "10.9.0.2:1", "10.9.0.3:1", "10.9.0.4:1"), Gateway("vpc-3", "10.9.1.1:1",
                "10.9.1.2:1", "10.9.1.3:1")],
            In(null, "a", "10.1.0.1", 1), In("vpc-2", "a", "10.3.0.1", 1), In("vpc-2", "a", "10.3.0.2", 1),
            In("vpc-3", "a", "10.3.0.3", 1));
        Assert.Equal(
            [12, 6, 6, 6, 6, 4, 4, 4], ReachedEndpoints.Of(answer).Select(one => one.Weight));
    }

    [Fact]
    public void Weights_ThatAreTooLargeForClients_AreScaledTogether()
    {
        var answer = Answer([], In(null, "a", "10.1.0.1", 1L << 40), In(null, "a", "10.1.0.2", 500_000),
            In(null, "a", "10.1.0.3", 1));
        Assert.Equal([1_000_000, 500_000, 1], ReachedEndpoints.Of(answer).Select(one => one.Weight));
        var many = Answer(
            [Gateway("vpc-2", "10.9.0.1:1")],
            [In(null, "a", "10.1.0.3", 1_000_000),
                .. Enumerable.Range(0, 4).Select(i => In("vpc-2", "a", $"10.3.0.{i}", 1_000_000))]);
        Assert.Equal([250_000, 1_000_000], ReachedEndpoints.Of(many).Select(one => one.Weight));
    }

    /// <summary>Each set of identities is a check of its own in each cluster: a record that gives each endpoint its own
    /// was 12,800 of them, and as many secrets.</summary>
    [Fact]
    public void Identities_BeyondTheMostOfAName_LeaveTheirEndpointsOutAndAreCounted()
    {
        var answer = Answer([], [.. Enumerable.Range(100, 100).Select(i => In(null, "a", $"10.1.0.{i}", 1) with
        {
            Identity = $"spiffe://us1.example/ns/shop/sa/{i}",
        })]);
        var name = ServedNameMapping.Map(Cached(answer));
        Assert.Equal(ServedTlsMapping.PeersMax, name.Tls!.Peers.Length);
        Assert.Equal(ServedTlsMapping.PeersMax, name.Endpoints.Length);
        Assert.Equal(36, name.EndpointsLeftOut);
        Assert.Equal(
            Enumerable.Range(100, 64).Select(i => $"10.1.0.{i}"), name.Endpoints.Select(one => one.Address));
        Assert.Single(TlsTranslation.Bundles(name));
    }

    [Fact]
    public void Gateway_IsAsReadyAsTheReadiestBehindIt()
    {
        Assert.Equal(EndpointState.Unready, StateOf(EndpointState.Unready, EndpointState.Unready));
        Assert.Equal(EndpointState.Draining, StateOf(EndpointState.Unready, EndpointState.Draining));
        Assert.Null(StateOf(EndpointState.Unready, null));

        // What is not ready is no load.
        var answer = Answer(
            [Gateway("vpc-2", "10.9.0.1:15443")], In("vpc-2", "a", "10.3.0.1", 4),
            In("vpc-2", "a", "10.3.0.2", 9) with { State = EndpointState.Unready });
        Assert.Equal("10.9.0.1:15443 us-east/a 4", Show(Assert.Single(ReachedEndpoints.Of(answer))));

        string? StateOf(string? first, string? second) => Assert.Single(ReachedEndpoints.Of(Answer(
            [Gateway("vpc-2", "10.9.0.1:15443")], In("vpc-2", "a", "10.3.0.1", 1) with { State = first },
            In("vpc-2", "a", "10.3.0.2", 1) with { State = second }))).State;
    }

    [Fact]
    public void Gateway_ThatEndsTls_ShowsItsOwnIdentity_AnotherTheEndpoints()
    {
        var passing = Answer([Gateway("vpc-2", "10.9.0.1:15443")], In("vpc-2", "a", "10.3.0.1", 1));
        Assert.Equal([Server], Assert.Single(ReachedEndpoints.Of(passing)).Identities);
        var ending = Answer(
            [Gateway("vpc-2", "10.9.0.1:15443") with { Identities = [Gate] }], In("vpc-2", "a", "10.3.0.1", 1));
        Assert.Equal([Gate], Assert.Single(ReachedEndpoints.Of(ending)).Identities);
    }

    [Fact]
    public void Proxy_TakesBundlesGatewaysAndTheNameThatTlsIsAskedFor()
    {
        var answer = Answer(
            [Gateway("vpc-2", "10.9.0.1:15443")], In("vpc-2", "a", "10.3.0.1", 1), In(null, "a", "10.3.0.2", 1));
        var service = ProxiedServiceMapping.Map(Cached(answer));
        Assert.Equal(Authority.Bundle.Digest, Assert.Single(service.Bundles).Value.Digest);
        Assert.Equal("us1.example", service.Bundles.Keys.Single());
        Assert.Equal(
            [("10.3.0.2", 8080), ("10.9.0.1", 15443)],
            service.Endpoints.Select(one => (one.Address, one.Ports[0])));
        Assert.All(service.Endpoints, one => Assert.Equal("checkout.shop.svc.us1.internal", one.ServerName));
        Assert.All(service.Endpoints, one => Assert.Equal([Server], one.Identities));
    }

    [Theory]
    [InlineData("AQID")]
    [InlineData("not base64")]
    public void Bundle_ThatCannotBeRead_IsNone(string certificate)
    {
        _world.Us1.Put(AnswerLeaves.BundleOf("us1.example", _world.Now, _world.Us1.Publisher, certificate));
        var answer = Sealed([], [SliceOf(In(null, "a", "10.3.0.2", 1))]);
        Assert.NotEmpty(answer.Bundles);
        Assert.Empty(ProxiedServiceMapping.Map(Cached(answer)).Bundles);
    }

    /// <summary>A network that has a gateway and that the home reaches itself is no detour (DNS looked for the gateway
    /// alone).</summary>
    [Fact]
    public void Dns_OfANetworkInReach_HasTheEndpointsThemselves()
    {
        Answer([Gateway("vpc-2", "10.9.0.1:15443")]);
        _world.Eu1.Put(AnswerLeaves.ScopeOf(_world.Us1.Genesis, "10.0.0.0/8") with
        {
            Domains = ["us1.example"], Networks = ["vpc-2"],
        });
        _world.Eu1.SealAt(_world.Now - 500);
        var answer = Answer([Gateway("vpc-2", "10.9.0.1:15443")], In("vpc-2", "a", "10.3.0.1", 1));
        var host = Assert.Single(ResolverNames.Map(Cached(answer)).Service!.Endpoints);
        Assert.Equal("10.3.0.1", host.Address.ToString());
        Assert.Equal("10.3.0.1:8080 us-east/a 1", Show(Assert.Single(ReachedEndpoints.Of(answer))));
    }

    /// <summary>An endpoint behind a gateway is proven to exist, and has no address here.</summary>
    [Fact]
    public void Dns_OfAnEndpointBehindAGateway_KnowsItWithoutAnAddress()
    {
        var answer = Answer([Gateway("vpc-2", "10.9.0.1:15443")], In("vpc-2", "a", "10.3.0.1", 1));
        var host = Assert.Single(ResolverNames.Map(Cached(answer)).Service!.Endpoints);
        Assert.False(host.IsInReach);
    }

    private Gateway Gateway(string network, params string[] addresses) =>
        AnswerLeaves.GatewayOf(network, _world.Now, _world.Us1.Publisher, addresses);

    private static SliceEndpoint In(string? network, string zone, string address, long weight) =>
        new() { Address = address, Network = network, Weight = weight, Zone = zone };

    private static string Show(ReachedEndpoint one) =>
        $"{one.Address}:{one.Ports[0]} {one.Region}/{one.Zone} {one.Weight}";

    private VerifiedAnswer Answer(Gateway[] gateways, params SliceEndpoint[] endpoints)
    {
        _world.Us1.Put(AnswerLeaves.BundleOf(
            "us1.example", _world.Now, _world.Us1.Publisher,
            Convert.ToBase64String(Authority.Certificate.RawData)));
        return Sealed(gateways, endpoints.Length == 0 ? [] : [SliceOf(endpoints)]);
    }

    private static Slice SliceOf(params SliceEndpoint[] endpoints) =>
        AnswerLeaves.SliceOf(Checkout, "us-east") with { Endpoints = [.. endpoints] };

    private VerifiedAnswer Sealed(Gateway[] gateways, Slice[] slices)
    {
        _world.Us1.Put(AnswerLeaves.RecordOf(
            Checkout, _world.Now - 30_000, _world.Us1.Publisher, slices) with
            {
                Identities = [Server],
            });
        var ask = _world.Ask();
        ask.Extra.Add((1, LeafClass.Bundle, "us1.example"));
        foreach (var gateway in gateways)
        {
            _world.Us1.Put(gateway);
            ask.Extra.Add((1, LeafClass.Gateway, gateway.Network));
        }

        _world.Us1.SealAt(_world.Now - 500);
        var verdict = AnswerVerifier.Verify(
            _world.State, ask.Query, ask.Record(slices), _world.Now);
        return verdict is Verdict.Accepted accepted
            ? accepted.Answer
            : throw new InvalidOperationException(((Verdict.Refused)verdict).Refusal.ToString());
    }

    private static CachedName Cached(VerifiedAnswer answer) =>
        new(answer.Name.Text, NameState.Fresh, answer, 0, 10_000, 0, null);
}
