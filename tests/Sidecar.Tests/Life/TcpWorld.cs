using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>An Envoy, of the sidecar's own or of another control plane, that leads TCP to a strict name and to another
/// one, before a sidecar whose names the test gives and which the Envoy asks whether connections may go on, and
/// backends that never end an answer.</summary>
internal sealed class TcpWorld : IAsyncDisposable
{
    internal const string Strict = LifeWorld.Strict;
    internal const string Other = LifeWorld.Other;

    private const string Server = "spiffe://us1.example/ns/shop/sa/strict";
    private const string Pod = "spiffe://eu1.example/ns/shop/sa/frontend";

    private static readonly CertificateAuthority Us1 = new("us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Eu1 = new("eu1.example", TimeProvider.System.GetUtcNow());

    private readonly SvidFolder _svid = new();
    private readonly List<Backend> _backends = [];
    private readonly bool _isSecure;
    private readonly TcpWay _way;
    private ForeignEnvoy? _foreign;

    private TcpWorld(bool isSecure, TcpWay way, OutlierSettings? outliers)
    {
        (_isSecure, _way) = (isSecure, way);

        // A machine under load may take its time to answer: it is no sidecar that is lost.
        Responder = new ResponderSettings("127.0.0.1", 0) { Timeout = TimeSpan.FromSeconds(20) };
        Sidecar = new ScriptedSidecar(
            new OnDemandOptions
            {
                XdsCluster = XdsCluster,
                Clusters = new ClusterSettings { Responder = Responder, Outliers = outliers },
            },
            Strict, Other);
    }

    internal ResponderSettings Responder { get; }

    internal ScriptedSidecar Sidecar { get; }

    internal EnvoyProcess Envoy { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string XdsCluster => _way is TcpWay.Aggregated or TcpWay.ByType ? "xds" : Audience.DefaultXdsCluster;

    internal static async Task<TcpWorld> StartAsync(
        bool isOldest, bool isDelta, TcpWay way, bool isSecure, OutlierSettings? outliers = null)
    {
        var program = ForeignEnvoy.Program(isOldest);
        var world = new TcpWorld(isSecure, way, outliers);
        world._svid.Write(Eu1.Sign([Pod]), Eu1);
        await File.WriteAllBytesAsync(
            Path.Combine(world.Sidecar.Folder, "svid.json"), SvidSecret.Content(world._svid.Paths), Cancellation);
        var certificate = Us1.Sign([Server]);
        for (var i = 0; i < 2; i++)
        {
            world._backends.Add(await Backend.StartAsync(
                LifeWorld.EndlessAsync, certificate: isSecure ? () => certificate : null));
        }

        world.Sidecar.Publish(world.Strictly(0), world.Named(Other, 0));
        await world.Sidecar.StartAsync();
        var listeners = world.Listener("strict", Strict) + world.Listener("other", Other);
        if (way is TcpWay.Aggregated or TcpWay.ByType)
        {
            world.Envoy = await EnvoyProcess.StartAsync(
                program, world.Sidecar.Socket, Cancellation, isDelta, way == TcpWay.ByType, listeners);
            return world;
        }

        world._foreign = await ForeignEnvoy.StartAsync(
            isOldest, isDelta, world.Sidecar.Socket, way == TcpWay.Authority, world._backends[0].Port,
            listeners: listeners);
        world.Envoy = world._foreign.Envoy;
        if (way != TcpWay.Named)
        {
            await world.AskAsync();
        }

        return world;
    }

    /// <summary>The strict name with some of the two endpoints; it lives for an hour.</summary>
    internal ServedName Strictly(params int[] endpoints) => Named(Strict, endpoints) with
    {
        StreamMax = TimeSpan.FromMinutes(1), StrictUntil = LifeWorld.Now + TimeSpan.FromHours(1),
    };

    /// <summary>A connection over which bytes come without end.</summary>
    internal async Task<Stream> OpenAsync(string name) => await Eventually.HoldsAsync(
        () => TryOpenAsync(name), stream => stream is not null, LifeWorld.Patience, Cancellation)
        ?? throw new InvalidOperationException("nothing was opened");

    /// <summary>The same, if it can be had now.</summary>
    internal Task<Stream?> TryOpenAsync(string name) => TryOpenAsync(name == Strict ? 1 : 2, "a");

    private async Task<Stream?> TryOpenAsync(int listener, string host)
    {
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(Envoy.Listeners[listener], Cancellation);
            var stream = client.GetStream();
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), Cancellation);
            if (await stream.ReadAsync(new byte[1], Cancellation).AsTask().WaitAsync(LifeWorld.Patience) > 0)
            {
                return stream;
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Not now.
        }

        client.Dispose();
        return null;
    }

    /// <summary>Waits until an Envoy's cluster of the strict name has so many endpoints.</summary>
    internal Task CountAsync(int count) => Eventually.HoldsAsync(
        EndpointsAsync, seen => seen == count, LifeWorld.Patience, Cancellation);

    /// <summary>The same, while the sidecar's clock goes on.</summary>
    internal Task SettleAsync(int count) => Eventually.HoldsAsync(
        () =>
        {
            Sidecar.Time.Advance(Responder.Within);
            return EndpointsAsync();
        },
        seen => seen == count, LifeWorld.Patience, Cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_foreign is not null)
        {
            await _foreign.DisposeAsync();
        }
        else if (Envoy is not null)
        {
            await Envoy.DisposeAsync();
        }

        await Sidecar.DisposeAsync();
        foreach (var backend in _backends)
        {
            await backend.DisposeAsync();
        }

        _svid.Dispose();
    }

    // A listener for TCP leads to what a collection brought, for which a request of HTTP has asked: to a name that is
    // in it, since that names no cluster and would wait for another one in vain.
    private async Task AskAsync()
    {
        await using var asked = await Eventually.HoldsAsync(
            () => TryOpenAsync(0, Other), stream => stream is not null, LifeWorld.Patience, Cancellation);
    }

    private async Task<int> EndpointsAsync() =>
        (await Envoy.EndpointsAsync(ClusterOf(Strict), Cancellation)).Count;

    private string ClusterOf(string name) =>
        _way is TcpWay.Streams or TcpWay.Authority ? ClusterNames.Located(name + ":80") : name + ":80";

    private ServedName Named(string name, params int[] endpoints)
    {
        var named = OnDemandWorld.Named(name, [.. endpoints.Select(one => _backends[one].Port)]) with
        {
            Ports = [new ServedPort("tcp", 80, "tcp")],
        };
        if (!_isSecure)
        {
            return named;
        }

        var peer = new TlsPeer(
            "peer", [Server], new Dictionary<string, string>
            {
                ["us1.example"] = Us1.Certificate.ExportCertificatePem() + "\n",
            }.ToImmutableSortedDictionary(StringComparer.Ordinal), name);
        return named with
        {
            Endpoints = [.. named.Endpoints.Select(endpoint => endpoint with { Peer = peer.Id })],
            Tls = new ServedTls([peer], new ClientTls(Path.Combine(Sidecar.Folder, "svid.json"), null)),
        };
    }

    private string Listener(string prefix, string name) =>
        ForeignBootstrap.Tcp(prefix, ClusterOf(name), isOnDemand: _way == TcpWay.Named);
}
