using Fairlead.Naming;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>What the record of any segment may cost the clients here.</summary>
public sealed class RecordPortsTests
{
    /// <summary>Envoy refuses a whole route configuration where two virtual hosts have one domain.</summary>
    [Fact]
    public void Number_OfTwoProtocols_IsServedOnceByTheFirst()
    {
        var cached = CachedNames.FreshWith(
            record => record with
            {
                Ports =
                [
                    new Port { Number = 80, Protocol = "http" }, new Port { Number = 80, Protocol = "tcp" },
                    new Port { Number = 81, Protocol = "http" },
                ],
            },
            slice => slice with { Ports = [8080, 8081, 8082] });
        var name = ServedNameMapping.Map(cached);
        Assert.Equal([(80, "http"), (81, "http")], name.Ports.Select(port => (port.Number, port.Protocol)));
        Assert.All(name.Endpoints, one => Assert.Equal([8080, 8082], one.Ports));
        Assert.Equal(1, name.PortsLeftOut);
        var domains = RouteTranslation.Standalone([name]).VirtualHosts.SelectMany(host => host.Domains).ToList();
        Assert.Equal(domains.Distinct(), domains);

        var proxied = ProxiedServiceMapping.Map(cached);
        Assert.Equal([80, 81], proxied.Ports.Select(port => port.Number));
        Assert.All(proxied.Endpoints, one => Assert.Equal([8080, 8082], one.Ports));
    }

    [Fact]
    public void Ports_BeyondTheMostOfAName_AreLeftOutAndCounted()
    {
        var name = ServedNameMapping.Map(CachedNames.FreshAt([.. Enumerable.Range(1, 100)]));
        Assert.Equal(Enumerable.Range(1, RecordPorts.Max), name.Ports.Select(port => port.Number));
        Assert.All(name.Endpoints, one => Assert.Equal(RecordPorts.Max, one.Ports.Length));
        Assert.Equal(100 - RecordPorts.Max, name.PortsLeftOut);
    }

    [Fact]
    public void Ports_OfManyMembers_AreNoMoreThanThoseOfANameInEqualShares()
    {
        var union = SetPorts.Union([Of(1), Of(61)]);
        Assert.Equal(
            [.. Enumerable.Range(1, 32), .. Enumerable.Range(61, 32)], union.Select(port => port.Number));
        Assert.Equal(120 - RecordPorts.Max, SetPorts.LeftOut([Of(1), Of(61)]));
        Assert.Equal(0, SetPorts.LeftOut([Of(1), Of(2)]));

        static System.Collections.Immutable.ImmutableArray<ServedPort> Of(int first) =>
            [.. Enumerable.Range(first, 60).Select(port => new ServedPort(null, port, "http"))];
    }

    /// <summary>A life that no clock can hold ended the sidecar that mapped it.</summary>
    [Theory]
    [InlineData(9_000_000_000_000_000)]
    [InlineData(10_000_000_000)]
    public void Life_ThatIsTooLong_BoundsStreamsByTheMostThatAPolicyMayAllow(long life)
    {
        var name = ServedNameMapping.Map(CachedNames.FreshWith(
            record => record with { Continuity = 0, TtlMax = life }, slice => slice));
        Assert.Equal(TimeSpan.FromMilliseconds(Limits.TtlMax), name.StreamMax);
    }
}
