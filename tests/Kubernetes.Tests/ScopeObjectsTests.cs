using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Reconciling;
using Fairlead.TestKit;

namespace Fairlead.Kubernetes.Tests;

/// <summary>ClusterTrustBundles, Gateways and networks: what becomes Bundle and Gateway leaves.</summary>
public sealed class ScopeObjectsTests
{
    private const string Gateway = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata:
          name: east-west
          labels: {topology.istio.io/network: vpc-2}
          annotations: {fairlead.dev/identities: spiffe://us1.example/ns/mesh/sa/gateway}
        spec:
          listeners: [{name: tls, port: 15443}]
          addresses: [{value: 10.9.9.9}, {type: IPAddress, value: '2001:db8::9'}, {value: 10.9.9.9}]

        """;

    private static readonly CertificateAuthority Authority = new("us1.example", TimeProvider.System.GetUtcNow());

    private static string Pem => Authority.Certificate.ExportCertificatePem();

    [Fact]
    public void Bundle_OfATrustDomain_IsRead()
    {
        var bundle = Assert.Single(Good(Bundle(Pem + "\n" + Pem)).TrustBundles);
        Assert.Equal("us1.example", bundle.Domain);
        Assert.Equal([Convert.ToBase64String(Authority.Certificate.RawData)], bundle.Certificates);
    }

    [Fact]
    public void Bundle_OfNoTrustDomain_IsSkipped()
    {
        var text = Bundle(Pem).Replace("fairlead.dev/trust-domain", "example.com/other", StringComparison.Ordinal);
        Assert.Empty(Good(text).TrustBundles);
    }

    [Theory]
    [InlineData("us1.example}", "Us1.example}", "'Us1.example' is no trust domain")]
    [InlineData("us1.example}", "[a]}", "(a list) is no trust domain")]
    [InlineData("BEGIN CERTIFICATE", "BEGIN NOTHING", "holds no certificates in PEM")]
    [InlineData("trustBundle:", "bundle:", "holds no certificates in PEM")]
    public void Bundle_Malformed_IsRefused(string from, string to, string message) =>
        Refused(Bundle(Pem), from, to, message);

    [Fact]
    public void Bundle_OfWhatIsNoAuthority_IsRefused() => Refused(
        Bundle(Authority.Sign(["spiffe://us1.example/a"]).ExportCertificatePem()), "", "", "no certificates in PEM");

    [Fact]
    public void Bundle_OfTooManyAuthorities_IsRefused()
    {
        var many = Enumerable.Range(0, 9)
            .Select(_ => new CertificateAuthority("a", Authority.Now).Certificate.ExportCertificatePem());
        Refused(Bundle(string.Join('\n', many)), "", "", "has 9 certificates, and a bundle carries 8");
    }

    [Fact]
    public void TwoObjects_OfOneDomainOrNetwork_AreADuplicate()
    {
        var bundle = Bundle(Pem);
        Refused($"{bundle}\n---\n{bundle.Replace("name: us1", "name: us2", StringComparison.Ordinal)}", "", "",
            "duplicate trust domain /us1.example");
        Refused($"{Gateway}\n---\n{Gateway.Replace("east-west", "west-east", StringComparison.Ordinal)}", "", "",
            "duplicate gateway into network /vpc-2");
    }

    [Fact]
    public void Gateway_IntoANetwork_IsRead()
    {
        var gateway = Assert.Single(Good(Gateway).Gateways);
        Assert.Equal("vpc-2", gateway.Network);
        Assert.Equal(["10.9.9.9:15443", "[2001:db8::9]:15443"], gateway.Addresses.Select(address => address.Text));
        Assert.Equal(["spiffe://us1.example/ns/mesh/sa/gateway"], gateway.Identities);

        var status = Gateway + "status: {addresses: [{type: IPAddress, value: 10.8.8.8}]}\n";
        Assert.Equal(["10.8.8.8:15443"], Assert.Single(Good(status).Gateways).Addresses.Select(one => one.Text));
    }

    [Fact]
    public void Gateway_WithSeveralListeners_IsReadByTheNamedOne()
    {
        var text = Gateway.Replace("[{name: tls, port: 15443}]", "[{name: http, port: 80}, {name: tls, port: 443}]",
            StringComparison.Ordinal);
        Refused(text, "", "", "has 2 listeners, and the way into a network is one");
        var named = text.Replace("{fairlead.dev/id", "{fairlead.dev/listener: tls, fairlead.dev/id",
            StringComparison.Ordinal);
        Assert.Equal("10.9.9.9:443", Assert.Single(Good(named).Gateways).Addresses[0].Text);
        Refused(named, "listener: tls", "listener: udp", "has 0 listeners named 'udp'");
    }

    [Theory]
    [InlineData("port: 15443", "port: 0", "port '0' is no port")]
    [InlineData("network: vpc-2", "network: [a]", "network (a list) is out of the limits")]
    [InlineData("spiffe://us1.example", "us1.example", "SPIFFE")]
    public void Gateway_Malformed_IsRefused(string from, string to, string message) =>
        Refused(Gateway, from, to, message);

    /// <summary>A load balancer gives it a name, or an address only later: nothing else in its file waits for that.
    /// </summary>
    [Theory]
    [InlineData("10.9.9.9}, {", "010.9.9.9}, {", "'010.9.9.9' of Gateway default/east-west is no IP address")]
    [InlineData("type: IPAddress", "type: Hostname", "is no IP address (BadAddress)")]
    [InlineData("addresses:", "others:", "has 0 addresses")]
    public void Gateway_WhoseAddressesCannotBePublished_IsHeldAlone(string from, string to, string message)
    {
        Assert.Contains(from, Gateway, StringComparison.Ordinal);
        var content = Good(
            $"{Gateway.Replace(from, to, StringComparison.Ordinal)}\n---\n{Reading.Service("checkout")}");
        var gateway = Assert.Single(content.Gateways);
        Assert.Equal("vpc-2", gateway.Network);
        Assert.Empty(gateway.Addresses);
        Assert.Contains(message, gateway.Trouble?.Message, StringComparison.Ordinal);
        Assert.Single(content.Services);
    }

    [Fact]
    public void Gateway_WithoutANetwork_IsSkipped() => Assert.Empty(
        Good(Gateway.Replace("topology.istio.io/network", "other", StringComparison.Ordinal)).Gateways);

    [Fact]
    public void Endpoints_OfANetwork_CarryItAndAreNotMixed()
    {
        var content = Good(string.Join("\n---\n",
            Reading.Service("checkout"), Slice("a", "vpc-2"), Slice("b", "vpc-3"), Slice("c", null),
            "apiVersion: multicluster.x-k8s.io/v1alpha1\nkind: ServiceExport\n"
            + "metadata: {name: checkout, namespace: shop}\n"));
        Assert.Equal(["vpc-2", "vpc-3", null], Networks(new() { Segment = "us1.internal" }));
        Assert.Equal(["vpc-2", "vpc-3", "vpc-1"], Networks(new() { Segment = "us1.internal", Network = "vpc-1" }));

        IEnumerable<string?> Networks(ReconcileOptions options) =>
            Assert.Single(Reconciler.Reconcile(content, options).Records).Slices
                .Select(slice => Assert.Single(slice.Endpoints).Network);
    }

    // The same address in each: two networks may have it.
    private static string Slice(string name, string? network) => $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: {{name}}
          namespace: shop
          labels:
            kubernetes.io/service-name: checkout
            {{(network is null ? "other: x" : $"{GatewayReader.NetworkLabel}: {network}")}}
        addressType: IPv4
        endpoints: [{addresses: [10.0.0.1]}]
        ports: [{port: 8080}]
        """;

    private static string Bundle(string pem) => $$"""
        apiVersion: certificates.k8s.io/v1beta1
        kind: ClusterTrustBundle
        metadata:
          name: us1.example:mesh:us1
          annotations: {fairlead.dev/trust-domain: us1.example}
        spec:
          trustBundle: |
            {{pem.ReplaceLineEndings("\n    ")}}
        """;

    private static ManifestContent Good(string text)
    {
        var file = Reading.Of(text);
        Assert.Empty(file.Problems);
        return file.Content;
    }

    private static void Refused(string text, string from, string to, string message)
    {
        var changed = from.Length == 0 ? text : text.Replace(from, to, StringComparison.Ordinal);
        Assert.Contains(message, string.Join('\n', Reading.Of(changed).Problems), StringComparison.Ordinal);
    }
}
