using Fairlead.Naming;
using Fairlead.Sidecar.Dns;

namespace Fairlead.Sidecar.Tests.Dns;

public sealed class DnsZonesTests
{
    private static readonly DnsZones Zones =
        DnsZones.Default(SegmentName.Parse("eu1.internal"), [SegmentName.Parse("shop.example.com")]);

    [Theory]
    [InlineData("metadata.google.internal")]
    [InlineData("us1.internal")]
    [InlineData("internal")]
    [InlineData("example.com")]
    [InlineData("www.shop.example.com")]
    [InlineData("a.b.svc.example.com")]
    [InlineData("kubernetes.default.svc.cluster.local")]
    [InlineData("svc")]
    [InlineData("xclusterset.local")]
    [InlineData("local")]
    public void Find_WhatIsSomebodyElses_IsNull(string name) => Assert.Null(Zones.Find(DnsName.Parse(name)));

    [Fact]
    public void Find_TheRoot_IsNull() => Assert.Null(Zones.Find(DnsName.Root));

    [Theory]
    [InlineData("svc.us1.internal", "Apex", null, null, null)]
    [InlineData("clusterset.local", "Apex", null, null, null)]
    [InlineData("svc.clusterset.local", "Between", null, null, null)]
    [InlineData("shop.svc.us1.internal", "Between", null, null, null)]
    [InlineData("shop.svc.deep.us1.internal", "Between", null, null, null)]
    [InlineData("dns-version.clusterset.local", "Version", null, null, null)]
    [InlineData("cart.shop.svc.us1.internal", "Service", "cart.shop.svc.us1.internal", null, null)]
    [InlineData("CART.Shop.SVC.us1.Internal", "Service", "cart.shop.svc.us1.internal", null, null)]
    [InlineData("a.b.svc.shop.example.com", "Service", "a.b.svc.shop.example.com", null, null)]
    [InlineData("svc.svc.svc.us1.internal", "Service", "svc.svc.svc.us1.internal", null, null)]
    [InlineData("cart-0.cart.shop.svc.us1.internal", "Host", "cart.shop.svc.us1.internal", "cart-0", null)]
    [InlineData("--1.cart.shop.svc.us1.internal", "Host", "cart.shop.svc.us1.internal", "--1", null)]
    [InlineData("_tcp.cart.shop.svc.us1.internal", "Protocol", "cart.shop.svc.us1.internal", null, "tcp")]
    [InlineData("_redis._tcp.cart.shop.svc.us1.internal", "Port", "cart.shop.svc.us1.internal", "redis", "tcp")]
    [InlineData("c.s.svc.clusterset.local", "Service", "c.s.svc.clusterset.local", null, null)]
    [InlineData("h.us1.c.s.svc.clusterset.local", "Host", "c.s.svc.clusterset.local", "h", "us1")]
    [InlineData("_x.cart.shop.svc.us1.internal", "Impossible", null, null, null)]
    [InlineData("a.b.cart.shop.svc.us1.internal", "Impossible", null, null, null)]
    [InlineData("under_score.shop.svc.us1.internal", "Impossible", null, null, null)]
    [InlineData("-a.shop.svc.us1.internal", "Impossible", null, null, null)]
    [InlineData("_shop.svc.us1.internal", "Impossible", null, null, null)]
    [InlineData("a\u00e9.shop.svc.us1.internal", "Impossible", null, null, null)]
    [InlineData("nothing.clusterset.local", "Impossible", null, null, null)]
    public void Find_WhatIsOurs_IsTakenApart(string name, string kind, string? service, string? label,
        string? qualifier)
    {
        var target = Zones.Find(DnsName.Parse(name));
        Assert.NotNull(target);
        Assert.Equal((kind, service, label, qualifier),
            (target.Kind.ToString(), target.Service, target.Label, target.Qualifier));
    }
}
