using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Tests.Proxy;

public sealed class AuthorityTests
{
    private const string Name = ProxyWorld.Name;

    [Theory]
    [InlineData("checkout.shop.svc.us1.internal", null)]
    [InlineData("Checkout.SHOP.svc.us1.Internal", null)]
    [InlineData("checkout.shop.svc.us1.internal.", null)]
    [InlineData("checkout.shop.svc.us1.internal:80", 80)]
    [InlineData("CHECKOUT.shop.svc.us1.internal.:8443", 8443)]
    public void Host_OfAService_HasOneCanonicalName(string host, int? port)
    {
        Assert.Null(Authority.TryParse(host, out var authority));
        Assert.Equal(new Authority(Name, port), authority);
    }

    [Fact]
    public void Host_UnderClusterSet_IsAService() =>
        Assert.Null(Authority.TryParse("catalog.shop.svc.clusterset.local", out _));

    [Theory]
    [InlineData(null, ProxyReason.BadHost)]
    [InlineData("", ProxyReason.BadHost)]
    [InlineData("checkout.shop.svc.us1.internal..", ProxyReason.BadHost)]
    [InlineData("checkout.shop.svc.us1.internal:", ProxyReason.BadHost)]
    [InlineData("checkout.shop.svc.us1.internal:080", ProxyReason.BadHost)]
    [InlineData("checkout.shop.svc.us1.internal:+80", ProxyReason.BadHost)]
    [InlineData("checkout.shop.svc.us1.internal:0", ProxyReason.BadHost)]
    [InlineData("checkout.shop.svc.us1.internal:65536", ProxyReason.BadHost)]
    [InlineData("checkout.shop.svc.us1.internal:80:80", ProxyReason.BadHost)]
    [InlineData("a@checkout.shop.svc.us1.internal", ProxyReason.BadHost)]
    [InlineData("checkout .shop.svc.us1.internal", ProxyReason.BadHost)]
    [InlineData("127.0.0.1", ProxyReason.NotAService)]
    [InlineData("169.254.169.254:80", ProxyReason.NotAService)]
    [InlineData("[::1]:80", ProxyReason.NotAService)]
    [InlineData("localhost", ProxyReason.NotAService)]
    [InlineData("us1.internal", ProxyReason.NotAService)]
    [InlineData("example.com", ProxyReason.NotAService)]
    [InlineData("shop.svc.us1.internal", ProxyReason.NotAService)]
    public void Host_OfAnythingElse_IsRefused(string? host, string reason) =>
        Assert.Equal(reason, Authority.TryParse(host, out _));

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a%2Fb/../c?x=%20&y", "/a%2Fb/../c?x=%20&y")]
    [InlineData("//evil.example/x", "//evil.example/x")]
    [InlineData("http://a.b/c?d", "/c?d")]
    [InlineData("HTTP://a.b", "/")]
    [InlineData("http://a.b?q", "/?q")]
    [InlineData("*", null)]
    [InlineData("a.b:443", null)]
    [InlineData("https://a.b/c", null)]
    [InlineData("/a b", null)]
    [InlineData("/a\r\nX: y", null)]
    [InlineData("/a#b", null)]
    [InlineData("/\u00e4", null)]
    public void Target_IsKeptByteForByteOrRefused(string raw, string? target) =>
        Assert.Equal(target, RequestCheck.TargetOf(raw)?.Target);

    [Theory]
    [InlineData("8080:web:http 80:x:tcp", null, 80)]
    [InlineData("8080:web:http", null, 8080)]
    [InlineData("8080:web:http", 80, 8080)]
    [InlineData("8080:web:http", 8080, 8080)]
    [InlineData("8080:web:http", 8081, null)]
    [InlineData("8080:http:http 9090:admin:http", null, 8080)]
    [InlineData("8080:grpc:grpc 9090:admin:http", null, 8080)]
    [InlineData("8080:http:http 9090:grpc:grpc", null, null)]
    [InlineData("8080:a:http 9090:b:http", null, null)]
    [InlineData("8080:a:http 9090:b:http", 9090, 9090)]
    public void Port_OfABareName_IsDecidedOrNot(string ports, int? asked, int? meant)
    {
        var service = ProxyWorld.Service([]) with
        {
            Ports = [.. ports.Split(' ').Select(one => one.Split(':')).Select(
                one => new ServedPort(one[1], int.Parse(one[0], null), one[2]))],
        };
        var at = service.PortOf(asked);
        Assert.Equal(meant, at < 0 ? null : service.Ports[at].Number);
    }
}
