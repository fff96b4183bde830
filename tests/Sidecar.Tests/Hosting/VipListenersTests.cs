using System.Net;
using System.Net.Sockets;
using Fairlead.Resolver;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Tests.Serving;
using Microsoft.Extensions.Logging.Abstractions;
using ServicePort = Fairlead.Sidecar.Proxy.ServicePort;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>Service addresses against a proxy that only opens sockets.</summary>
public sealed class VipListenersTests : IDisposable
{
    private const string Other = "other.shop.svc.us1.internal";

    private readonly Dictionary<IPEndPoint, Socket> _open = [];
    private readonly List<string> _listened = [];
    private readonly VipListeners _listeners;
    private CachedName? _known = CachedNames.Fresh;
    private bool _isDeaf;
    private int _failures;

    public VipListenersTests()
    {
        PodFixtures.SkipWithoutLowPorts();
        _listeners = new VipListeners(_ => _known, Listen, TimeProvider.System, NullLogger.Instance);
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
        foreach (var port in ports.Where(port => !_isDeaf && !_open.ContainsKey(port.Address)))
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(port.Address);
            socket.Listen();
            _open.Add(port.Address, socket);
        }
    }
}
