using System.Net;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.TestKit;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>Mutual TLS to endpoints with identities, on real sockets.</summary>
public sealed class TlsTests : IDisposable
{
    private const string Server = "spiffe://us1.internal/ns/shop/sa/checkout";
    private const string Pod = "spiffe://eu1.internal/ns/shop/sa/frontend";

    private readonly SvidFolder _folder = new();
    private readonly ManualTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly CertificateAuthority _home;
    private readonly CertificateAuthority _target;

    public TlsTests()
    {
        _home = new("eu1.internal", _time.GetUtcNow());
        _target = new("us1.internal", _time.GetUtcNow());
        _folder.Write(_home.Sign([Pod]), _home);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("http")]
    [InlineData("http2")]
    public async Task Endpoint_WithItsIdentity_SeesThePods(string protocol)
    {
        var protocols = protocol == "http" ? HttpProtocols.Http1 : HttpProtocols.Http2;
        await using var backend = await Backend.StartAsync(Backend.EchoAsync, protocols, () => _target.Sign([Server]));
        await using var world = await StartAsync();
        world.Publish(ProxyWorld.Service(
            [ProxyWorld.Endpoint(backend.Port, identities: Server)], protocol, bundles: _target.Bundle));
        foreach (var host in (string[])[ProxyWorld.Name, "CHECKOUT.shop.svc.us1.internal."])
        {
            using var response = await world.SendAsync(host);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(Pod, SvidCertificate.IdentityOf(backend.Client!));
    }

    /// <summary>A gateway that passes TLS on knows where to by the name that it is asked for, which in a name that
    /// several segments serve is not the request's host.</summary>
    [Theory]
    [InlineData("http")]
    [InlineData("http2")]
    public async Task Endpoint_IsAskedForByTheNameOfItsOwnSegment(string protocol)
    {
        const string set = "checkout.shop.svc.clusterset.local";
        var protocols = protocol == "http" ? HttpProtocols.Http1 : HttpProtocols.Http2;
        await using var backend = await Backend.StartAsync(Backend.EchoAsync, protocols, () => _target.Sign([Server]));
        await using var world = await StartAsync();
        var endpoint = ProxyWorld.Endpoint(backend.Port, identities: Server) with { ServerName = ProxyWorld.Name };
        world.Publish(ProxyWorld.Service([endpoint], protocol, set, _target.Bundle));
        using var response = await world.SendAsync(set);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(
            $"Host: {set}", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        Assert.Equal([ProxyWorld.Name], backend.ServerNames);
    }

    [Fact]
    public async Task Endpoint_OfAnotherIdentity_GetsNothing()
    {
        await using var wrong = await Backend.StartAsync(
            Backend.EchoAsync, certificate: () => _target.Sign(["spiffe://us1.internal/ns/shop/sa/other"]));
        await using var world = await StartAsync();
        world.Publish(
            ProxyWorld.Service([ProxyWorld.Endpoint(wrong.Port, identities: Server)], bundles: _target.Bundle));
        using var response = await world.SendAsync(method: HttpMethod.Post, content: new StringContent("secret"));
        await ProxyWorld.IsProblemAsync(response, 502, "endpoint-refused");
        Assert.Equal(0, wrong.Requests);
        Assert.Contains(world.Log.All, line => line.Text.Contains("WrongIdentity", StringComparison.Ordinal));
    }

    /// <summary>A segment's bundle says nothing about the pod's own trust domain, whatever it claims (V54,
    /// V55).</summary>
    [Fact]
    public async Task Bundle_OfAnAnswerForTheHomesDomain_IsNotUsed()
    {
        var forger = new CertificateAuthority("eu1.internal", _time.GetUtcNow());
        await using var forged = await Backend.StartAsync(Backend.EchoAsync, certificate: () => forger.Sign([Pod]));
        await using var world = await StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(forged.Port, identities: Pod)], bundles: forger.Bundle));
        using var response = await world.SendAsync();
        await ProxyWorld.IsProblemAsync(response, 502, "endpoint-refused");
        Assert.Equal(0, forged.Requests);
    }

    [Fact]
    public async Task Endpoint_WithoutTls_IsNotSpokenToInTheClear()
    {
        await using var clear = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await StartAsync();
        world.Publish(
            ProxyWorld.Service([ProxyWorld.Endpoint(clear.Port, identities: Server)], bundles: _target.Bundle));
        using var response = await world.SendAsync();
        await ProxyWorld.IsProblemAsync(response, 502, "endpoint-refused");
        Assert.Equal(0, clear.Requests);
    }

    [Fact]
    public async Task Pod_WithoutACertificate_UsesNoEndpointWithAnIdentity()
    {
        await using var backend = await Backend.StartAsync(
            Backend.EchoAsync, certificate: () => _target.Sign([Server]));
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(
            ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port, identities: Server)], bundles: _target.Bundle));
        using var response = await world.SendAsync();
        await ProxyWorld.IsProblemAsync(response, 502, "no-client-identity");
        Assert.Equal(0, backend.Requests);
    }

    [Fact]
    public async Task Certificate_ThatRotates_IsShownToNewConnections()
    {
        await using var backend = await Backend.StartAsync(
            Backend.EchoAsync, certificate: () => _target.Sign([Server]));
        await using var world = await StartAsync();
        world.Publish(
            ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port, identities: Server)], bundles: _target.Bundle));
        using var before = await world.SendAsync();
        var first = backend.Client!.Thumbprint;

        X509Certificate2 next = _home.Sign([Pod]);
        _folder.Write(next, _home);
        await ForwardingTests.Eventually(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            using var response = world.SendAsync().GetAwaiter().GetResult();
            return backend.Client!.Thumbprint == next.Thumbprint;
        });
        Assert.NotEqual(first, next.Thumbprint);
    }

    [Fact]
    public async Task Bundle_ThatChanges_ClosesWhatItVouchedFor()
    {
        await using var backend = await Backend.StartAsync(
            Backend.EchoAsync, certificate: () => _target.Sign([Server]));
        await using var world = await StartAsync();
        ProxiedEndpoint[] endpoints = [ProxyWorld.Endpoint(backend.Port, identities: Server)];
        world.Publish(ProxyWorld.Service(endpoints, bundles: _target.Bundle));
        using var before = await world.SendAsync();
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        world.Publish(
            ProxyWorld.Service(endpoints, bundles: new CertificateAuthority("us1.internal", _target.Now).Bundle));
        using var after = await world.SendAsync();
        await ProxyWorld.IsProblemAsync(after, 502, "endpoint-refused");
    }

    private Task<ProxyWorld> StartAsync() =>
        ProxyWorld.StartAsync(new ProxyOptions { Spiffe = _folder.Paths }, _time);
}
