using System.Net;
using System.Net.Sockets;
using Fairlead.Resolver;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Tests.Serving;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using ServicePort = Fairlead.Sidecar.Proxy.ServicePort;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>Service addresses against a proxy that only opens sockets.</summary>
public sealed class VipListenersTests : IDisposable
{
    private const string Other = "other.shop.svc.us1.internal";

    private readonly Dictionary<IPEndPoint, Socket> _open = [];
    private readonly List<string> _listened = [];
    private readonly HashSet<IPEndPoint> _busy = [];
    private readonly VipListeners _listeners;
    private CachedName? _known = CachedNames.Fresh;
    private bool _isDeaf;
    private int _failures;

    public VipListenersTests()
    {
        PodFixtures.SkipWithoutLowPorts();
        _listeners = new VipListeners(
            _ => _known, Listen, _busy.Contains, [8443], TimeProvider.System, NullLogger.Instance);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var socket in _open.Values)
        {
            socket.Dispose();
        }
    }

    [Fact]
    public async Task Ready_ManyAtOnce_ListensOnceAndIsOpenForAll()
    {
        var address = PodFixtures.Address(1);
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(_ => _listeners.ReadyAsync(CachedNames.Checkout, address, Token).AsTask()));
        Assert.All(answers, Assert.Null);
        Assert.Equal([$"{address}:80"], _listened);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        Assert.Equal([$"{address}:80"], _listened);
    }

    [Fact]
    public async Task Ports_ThatChange_AreListenedAtWithoutAnotherQuestion()
    {
        var address = PodFixtures.Address(7);
        _listeners.Changed(CachedNames.Checkout);
        Assert.Empty(_listened);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        _listeners.Changed(CachedNames.Checkout);
        Assert.Equal([$"{address}:80"], _listened);

        _known = CachedNames.FreshAt(80, 81);
        _listeners.Changed(CachedNames.Checkout);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        Assert.Equal([$"{address}:80", $"{address}:80 {address}:81"], _listened);
        _known = CachedNames.FreshAt(81);
        _listeners.Changed(CachedNames.Checkout);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        Assert.Equal($"{address}:81", _listened[^1]);
    }

    /// <summary>Another segment's record may add a port that somebody here has.</summary>
    [Fact]
    public async Task Port_ThatIsAddedAndCannotBeHad_CostsNoOther()
    {
        var address = PodFixtures.Address(8);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(address, 81));
        taken.Listen();
        _known = CachedNames.FreshAt(80, 81);
        _listeners.Changed(CachedNames.Checkout);
        var trouble = await _listeners.ReadyAsync(CachedNames.Checkout, address, Token);
        Assert.StartsWith($"cannot listen at {address}:81: ", trouble?.Text, StringComparison.Ordinal);
        Assert.All(_listened, ports => Assert.Equal($"{address}:80", ports));
        taken.Dispose();
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        Assert.Equal($"{address}:80 {address}:81", _listened[^1]);
    }

    /// <summary>Who talks there would be cut off, and whoever asks for another name would wait for that.</summary>
    [Fact]
    public async Task Port_ThatGoes_StaysUntilItsLastConnectionHasEnded()
    {
        var address = PodFixtures.Address(10);
        _known = CachedNames.FreshAt(80, 81);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        _busy.Add(new IPEndPoint(address, 81));
        _known = CachedNames.FreshAt(82);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        Assert.Equal($"{address}:81 {address}:82", _listened[^1]);
        _listeners.Idle(new IPEndPoint(address, 82));
        Assert.Equal(2, _listened.Count);

        // It is had again without being looked for, since it never went.
        _known = CachedNames.FreshAt(81);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        Assert.Equal($"{address}:81", _listened[^1]);
        _known = CachedNames.FreshAt(82);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        _busy.Clear();
        _listeners.Idle(new IPEndPoint(address, 81));
        Assert.Equal($"{address}:82", _listened[^1]);
    }

    /// <summary>With the proxy itself, which would open nothing before it has ended what is open.</summary>
    [Fact]
    public async Task Stream_AtAPortThatGoes_GoesOn_AndHoldsUpNobody()
    {
        var go = new TaskCompletionSource();
        await using var backend = await Backend.StartAsync(async context =>
        {
            await context.Response.WriteAsync("begun ");
            await context.Response.Body.FlushAsync();
            await go.Task;
            await context.Response.WriteAsync("and done");
        });
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        var proxy = world.Server;
        var listeners = new VipListeners(
            _ => _known, proxy.Listen, proxy.Connections.Any, [], TimeProvider.System, NullLogger.Instance);
        proxy.Connections.Idle = listeners.Idle;
        var address = PodFixtures.Address(12);
        await OpensAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{address}/");
        request.Headers.Host = ProxyWorld.Name;
        using var held = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);

        _known = CachedNames.FreshAt(82);
        await OpensAsync();
        go.SetResult();
        Assert.Equal("begun and done", await held.Content.ReadAsStringAsync(Token));
        client.Dispose();
        await ForwardingTests.Eventually(() => FreeAddress.Trouble(new IPEndPoint(address, 80)) is null);

        // As a client asks again that had no answer on a busy machine.
        async Task OpensAsync()
        {
            var trouble = await listeners.ReadyAsync(CachedNames.Checkout, address, Token);
            for (var i = 0; i < 2 && trouble is not null; i++)
            {
                trouble = await listeners.ReadyAsync(CachedNames.Checkout, address, Token);
            }

            Assert.Null(trouble);
        }
    }

    /// <summary>A listener at any address would keep the pod's program from listening on all of them.</summary>
    [Fact]
    public async Task Port_OfThePodsOwn_IsNeverListenedAt_AndCostsNoOther()
    {
        var address = PodFixtures.Address(11);
        _known = CachedNames.FreshAt(80, 8443);
        var trouble = await _listeners.ReadyAsync(CachedNames.Checkout, address, Token);
        Assert.Equal(new Sidecar.Dns.VipTrouble(
            "port 8443 is one of the pod's own (dns.own_ports)", IsLasting: true), trouble);
        Assert.Empty(_listened);

        _known = CachedNames.Fresh;
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        _known = CachedNames.FreshAt(80, 8443);
        _listeners.Changed(CachedNames.Checkout);
        Assert.NotNull(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        Assert.Equal([$"{address}:80"], _listened);
    }

    [Fact]
    public async Task Address_OfAnotherServiceBefore_IsTheNewOnesAlone()
    {
        var address = PodFixtures.Address(2);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
        Assert.Null(await _listeners.ReadyAsync(Other, address, Token));
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, PodFixtures.Address(3), Token));
        Assert.Equal(
            [$"{address}:80", $"{address}:80", $"{address}:80 {PodFixtures.Address(3)}:80"], _listened);
    }

    [Fact]
    public async Task Port_ThatSomebodyElseHas_IsNamedAndTriedAgain()
    {
        var address = PodFixtures.Address(4);
        var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(address, 80));
        taken.Listen();
        var trouble = await _listeners.ReadyAsync(CachedNames.Checkout, address, Token);
        Assert.StartsWith($"cannot listen at {address}:80: ", trouble?.Text, StringComparison.Ordinal);
        Assert.Equal([""], _listened);
        taken.Dispose();
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
    }

    [Fact]
    public async Task Proxy_ThatDoesNotOpen_IsNoAddress()
    {
        _isDeaf = true;
        var trouble = await _listeners.ReadyAsync(CachedNames.Checkout, PodFixtures.Address(5), Token);
        Assert.StartsWith("nothing listens at ", trouble?.Text, StringComparison.Ordinal);
        _isDeaf = false;
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, PodFixtures.Address(5), Token));
    }

    /// <summary>As when the process has no descriptor left.</summary>
    [Fact]
    public async Task Opening_ThatBreaks_IsSaidAndTriedAgain()
    {
        var address = PodFixtures.Address(9);
        _failures = 1;
        var trouble = await _listeners.ReadyAsync(CachedNames.Checkout, address, Token);
        Assert.Equal("cannot listen: no descriptor is left", trouble?.Text);
        Assert.Null(await _listeners.ReadyAsync(CachedNames.Checkout, address, Token));
    }

    [Fact]
    public async Task Service_WithoutAnHttpPort_HasNoAddress()
    {
        _known = null;
        var trouble = await _listeners.ReadyAsync(CachedNames.Checkout, PodFixtures.Address(6), Token);
        Assert.StartsWith("none of its ports speaks HTTP", trouble?.Text, StringComparison.Ordinal);
        Assert.Empty(_listened);
    }

    private void Listen(IReadOnlyCollection<ServicePort> ports)
    {
        if (_failures-- > 0)
        {
            throw new IOException("no descriptor is left");
        }

        _listened.Add(string.Join(' ', ports.Select(port => port.Address.ToString()).Order(StringComparer.Ordinal)));
        foreach (var gone in _open.Keys.Except(ports.Select(port => port.Address)).ToList())
        {
            _open.Remove(gone, out var socket);
            socket!.Dispose();
        }

        foreach (var port in ports.Where(port => !_isDeaf && !_open.ContainsKey(port.Address)))
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(port.Address);
            socket.Listen();
            _open.Add(port.Address, socket);
        }
    }
}
