using System.Globalization;
using System.Text;
using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Tests;

public sealed class ManifestReaderTests
{
    private const string Slice = """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: checkout-1, namespace: shop, labels: {kubernetes.io/service-name: checkout}}
        addressType: IPv4
        endpoints:
        - addresses: [10.0.0.1]
        ports:
        - {name: http, port: 80}

        """;

    [Theory]
    [InlineData("  name: checkout", "  name: Checkout", 4, "'Checkout' of a Service is out of the limits (BadName)")]
    [InlineData("  name: checkout", "  name: a.b", 4, "'a.b' of a Service is out of the limits (BadName)")]
    [InlineData(
        "  namespace: shop", "  namespace: -shop", 5, "metadata.namespace '-shop' of a Service is out of the limits")]
    [InlineData("  name: checkout", "  labels: {}", 1, "Service has no metadata.name")]
    [InlineData("port: 80", "port: 0", 8, "port '0' is no port: give a number from 1 to 65535")]
    [InlineData("port: 80", "port: 65536", 8, "port '65536' is no port")]
    [InlineData("port: 80", "port: http", 8, "port 'http' is no port")]
    [InlineData("port: 80", "name: web", 8, "has no port number")]
    [InlineData("port: 80", "port: [80]", 8, "port (a list) is no port")]
    [InlineData("  - port: 80", "  - {port: 80}\n  - {port: 81}", 9, "several ports, so each needs a name")]
    [InlineData("  - port: 80", "  - {port: 80, name: a}\n  - {port: 80, name: b}", 9, "port 80 twice")]
    [InlineData("  - port: 80", "  - {port: 80, protocol: HTTP}", 8, "protocol 'HTTP' is unknown")]
    [InlineData("  - port: 80", "  - {port: 80, name: Http}", 8, "port name 'Http' is out of the limits")]
    [InlineData("spec:", "spec:\n  type: Weird", 7, "spec.type 'Weird' is unknown")]
    [InlineData("  ports:", "  ports: 1\n  x:", 7, "ports must be a list")]
    [InlineData("  namespace: shop", "  annotations: {fairlead.dev/ttl-max: soon}", 5, "ttl-max 'soon' is no duration")]
    [InlineData("  namespace: shop", "  annotations: {fairlead.dev/ttl-max: 0s}", 5, "ttl-max '0s' is no duration")]
    [InlineData(
        "  namespace: shop", "  annotations: {fairlead.dev/continuity: 25h}", 5, "continuity '25h' is no duration")]
    [InlineData("  namespace: shop", "  annotations: {fairlead.dev/weight: -1}", 5, "weight '-1' is no number from 1")]
    [InlineData("  namespace: shop", "  annotations: {fairlead.dev/identities: 'spiffe://a/../b'}", 5, "SPIFFE")]
    [InlineData(
        "  namespace: shop", "  annotations: {fairlead.dev/identities: [a]}", 5, "identities (a list) is no list")]
    [InlineData("  namespace: shop", "  annotations: {fairlead.dev/weight: 65536}", 5, "weight '65536' is no number")]
    [InlineData("  namespace: shop", "  annotations: [a]", 5, "annotations must be a map")]
    [InlineData("spec:", "spec:\n  sessionAffinity: Client", 7, "spec.sessionAffinity 'Client' is unknown: use None")]
    [InlineData("spec:", "spec:\n  clusterIP: [None]", 7, "clusterIP must be text")]
    [InlineData("kind: Service", "other: x", 1, "needs apiVersion and kind")]
    public void Service_Malformed_NamesTheLine(string from, string to, int line, string message) =>
        Refused(Reading.Service("checkout"), from, to, line, message);

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.256", 6, "endpoint address '10.0.0.256' is no IPv4 address (BadAddress)")]
    [InlineData("10.0.0.1", "010.0.0.1", 6, "endpoint address '010.0.0.1' is no IPv4 address (BadAddress)")]
    [InlineData("10.0.0.1", "10.1", 6, "no IPv4 address (BadAddress)")]
    [InlineData("10.0.0.1", "db.example", 6, "endpoint address 'db.example' is no IPv4 address")]
    [InlineData("10.0.0.1", "'::1'", 6, "endpoint address '::1' is no IPv4 address")]
    [InlineData("addresses: [10.0.0.1]", "addresses: []", 6, "has no address")]
    [InlineData("[10.0.0.1]", "[10.0.0.1]\n  hostname: A_b", 7, "hostname 'A_b' is out of the limits (BadName)")]
    [InlineData("[10.0.0.1]", "[10.0.0.1]\n  zone: 'a\"b'", 7, "zone 'a\"b' is out of the limits")]
    [InlineData("[10.0.0.1]", "[10.0.0.1]\n  conditions: {ready: maybe}", 7, "ready must be true or false")]
    [InlineData("port: 80}", "port: 70000}", 8, "port '70000' is no port")]
    [InlineData("IPv4", "IPv5", 4, "has no addressType that is known")]
    [InlineData("service-name: checkout", "service-name: Checkout", 3, "label kubernetes.io/service-name 'Checkout'")]
    [InlineData("k8s.io/v1", "k8s.io/v1beta1", 1, "only discovery.k8s.io/v1 is read")]
    public void EndpointSlice_Malformed_NamesTheLine(string from, string to, int line, string message) =>
        Refused(Slice, from, to, line, message);

    [Theory]
    [InlineData("fe80::1%eth0")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("10.0.0.1")]
    public void EndpointSlice_BadIPv6_IsRefused(string address)
    {
        var text = Slice.Replace("IPv4", "IPv6", StringComparison.Ordinal)
            .Replace("10.0.0.1", $"'{address}'", StringComparison.Ordinal);
        Assert.Contains(
            "is no IPv6 address", Assert.Single(Reading.Of(text).Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_SeveralProblems_ReportsAll()
    {
        var text = Reading.Service("A") + "\n---\n" + Slice.Replace("10.0.0.1", "x", StringComparison.Ordinal)
            .Replace("port: 80", "port: 0", StringComparison.Ordinal);
        Assert.Equal([4, 16, 18], Reading.Of(text).Problems.Select(problem => problem.Location.Line));
    }

    [Fact]
    public void Service_TwiceInTwoDocuments_IsADuplicate()
    {
        var file = Reading.Of(Reading.Service("checkout") + "\n---\n" + Reading.Service("checkout"));
        Assert.Equal("m.yaml:11: duplicate Service shop/checkout, which already stands at m.yaml:1: remove one of them",
            Assert.Single(file.Problems).ToString());
    }

    [Theory]
    [InlineData("a: [1\nb: 2")]
    [InlineData("kind: Service\n\tname: x")]
    [InlineData("a: *b")]
    [InlineData("a: 1\na: 2")]
    public void File_NotOurYaml_IsRefusedWithALine(string text)
    {
        var file = Reading.Of(text);
        Assert.Equal(0, file.Content.Count);
        Assert.InRange(Assert.Single(file.Problems).Location.Line, 1, 2);
    }

    [Fact]
    public void File_DeeplyNested_IsRefused()
    {
        var text = new StringBuilder("a: ").Append('[', 100_000).ToString();
        Assert.StartsWith("TooDeep", Assert.Single(Reading.Of(text).Problems).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("---\n---\n")]
    [InlineData("# nothing\n")]
    [InlineData("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: X_Y}\n")]
    [InlineData("apiVersion: v1\nkind: List\nitems: []\n")]
    public void File_WithoutOurKinds_IsGoodAndEmpty(string text)
    {
        var file = Reading.Of(text);
        Assert.True(file.IsGood, string.Join('\n', file.Problems));
        Assert.Equal(0, file.Content.Count);
    }

    [Fact]
    public void List_TypedByTheApiServer_LendsItsKind()
    {
        var file = Reading.Of(
            "apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: a}\n  spec: {ports: [{port: 1}]}\n");
        Assert.True(file.IsGood, string.Join('\n', file.Problems));
        Assert.Equal("default/a", Assert.Single(file.Content.Services).Key.ToString());
    }

    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1m250ms", 60_250)]
    [InlineData("0", 0)]
    public void Annotation_Duration_IsRead(string text, int milliseconds)
    {
        var file = Reading.Of(Reading.Service("a").Replace("  namespace: shop",
            $"  annotations: {{fairlead.dev/continuity: \"{text}\"}}", StringComparison.Ordinal));
        Assert.Equal(
            TimeSpan.FromMilliseconds(milliseconds), Assert.Single(file.Content.Services).Annotations.Continuity);
    }

    [Fact]
    public void RandomDamage_NeverThrows()
    {
        const int seed = 7;
        var random = new Random(seed);
        var good = Encoding.UTF8.GetBytes(Reading.Service("checkout") + "\n---\n" + Slice);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = good.ToArray();
            for (var hits = random.Next(1, 6); hits > 0; hits--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var file = ManifestReader.Read("m.yaml", bytes);
            Assert.All(file.Problems, problem => Assert.True(
                problem.Location.Line > 0, $"seed {seed} round {round}: {problem}"));
        }
    }

    private static void Refused(string good, string from, string to, int line, string message)
    {
        Assert.True(Reading.Of(good).IsGood, string.Join('\n', Reading.Of(good).Problems));
        Assert.Contains(from, good, StringComparison.Ordinal);
        var problem = Assert.Single(Reading.Of(good.Replace(from, to, StringComparison.Ordinal)).Problems);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Equal(
            line.ToString(CultureInfo.InvariantCulture), problem.Location.Line.ToString(CultureInfo.InvariantCulture));
    }
}
