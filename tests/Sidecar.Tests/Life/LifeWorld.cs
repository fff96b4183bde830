using System.Net.Sockets;
using System.Text;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Fairlead.Xds;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>An Envoy, of the sidecar's own or of another control plane, with active health checks in every cluster,
/// before a sidecar whose names the test gives, and backends, one of which never ends an answer.</summary>
internal sealed class LifeWorld : IAsyncDisposable
{
    internal const string Strict = "strict.shop.svc.us1.internal";
    internal const string Other = "other.shop.svc.us1.internal";
    internal const string Bounded = "bounded.shop.svc.us1.internal";
    internal const string Unbounded = "unbounded.shop.svc.us1.internal";

    private const string Filters = "type.googleapis.com/envoy.extensions.filters";

    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly List<Backend> _backends = [];
    private ForeignEnvoy? _foreign;

    private LifeWorld(OnDemandOptions options, XdsLimits limits) =>
        Sidecar = new ScriptedSidecar(options, Strict, Other, Bounded, Unbounded) { Limits = limits };

    internal ScriptedSidecar Sidecar { get; }

    internal EnvoyProcess Envoy { get; private set; } = null!;

    /// <summary>Backends that answer <c>one</c>, <c>two</c>, and with bytes without end.</summary>
    internal (int One, int Two, int Endless) Ports => (_backends[0].Port, _backends[1].Port, _backends[2].Port);

    /// <summary>How many requests have reached the backends.</summary>
    internal int Reached => _backends.Sum(backend => backend.Requests);

    /// <summary>What a request gets to a name that is denied: routes of the sidecar's own tell it from others.
    /// </summary>
    internal int Denied => _foreign is null ? 403 : 503;

    /// <summary>The clock by which endpoints end.</summary>
    internal static TimeSpan Now => TimeProvider.System.GetElapsedTime(0);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts all of it.</summary>
    /// <param name="isOldest">Which Envoy.</param>
    /// <param name="isDelta">Which variant, of the control plane's to which the Envoy belongs.</param>
    /// <param name="clusters">What the operator wants; null for active health checks.</param>
    /// <param name="isPerType">Whether each type has a stream of its own.</param>
    /// <param name="isAuthority">Null for an Envoy of the sidecar's own; else whether one of another control plane
    /// takes endpoints by the authority's stream.</param>
    /// <param name="routes">Names of routes, for each of which the Envoy has a listener behind the others.</param>
    internal static async Task<LifeWorld> StartAsync(
        bool isOldest, bool isDelta, ClusterSettings? clusters = null, bool isPerType = false, bool? isAuthority = null,
        params string[] routes)
    {
        var program = ForeignEnvoy.Program(isOldest);
        var often = TimeSpan.FromMilliseconds(100);
        var world = new LifeWorld(
            new OnDemandOptions
            {
                XdsCluster = isAuthority is null ? "xds" : Audience.DefaultXdsCluster,
                Clusters = clusters
                    ?? new ClusterSettings { Health = new HealthSettings(null, often, often * 50, 3, 1) },
            },
            isAuthority is null ? ScriptedSidecar.Patient : XdsLimits.Default);
        world._backends.Add(await Backend.StartAsync(context => context.Response.WriteAsync("one")));
        world._backends.Add(await Backend.StartAsync(context => context.Response.WriteAsync("two")));
        world._backends.Add(await Backend.StartAsync(EndlessAsync));
        var (one, _, endless) = world.Ports;
        world.Sidecar.Publish(
            OnDemandWorld.Named(Strict, one),
            OnDemandWorld.Named(Other, one),
            OnDemandWorld.Named(Bounded, endless) with { StreamMax = TimeSpan.FromSeconds(1) },
            OnDemandWorld.Named(Unbounded, endless));
        await world.Sidecar.StartAsync();
        if (isAuthority is { } byAuthority)
        {
            world._foreign = await ForeignEnvoy.StartAsync(isOldest, isDelta, world.Sidecar.Socket, byAuthority, one);
            world.Envoy = world._foreign.Envoy;
            return world;
        }

        world.Envoy = await EnvoyProcess.StartAsync(
            program, world.Sidecar.Socket, Cancellation, isDelta, isPerType,
            listeners: Tcp("tcp-bounded", "max_downstream_connection_duration: 1s") + Tcp("tcp-unbounded", "")
                + string.Concat(routes.Select(Http)));
        return world;
    }

    /// <summary>Waits until a host is answered like this.</summary>
    internal Task AnswersAsync(string host, int status, string body) => Eventually.HoldsAsync(
        () => GetAsync(host), reply => reply == (status, body), Patience, Cancellation);

    /// <summary>One request: its status, 0 where Envoy does not listen yet, and its body.</summary>
    internal async Task<(int Status, string Body)> GetAsync(string host)
    {
        try
        {
            var (status, body) = await Envoy.GetAsync(host, Cancellation);
            return ((int)status, body);
        }
        catch (HttpRequestException e)
        {
            return (0, e.Message);
        }
    }

    /// <summary>An answer without end that has begun.</summary>
    internal async Task<Stream> OpenAsync(int listener, string host)
    {
        var stream = await AskAsync(listener, host);
        Assert.True(await stream.ReadAsync(new byte[1], Cancellation) > 0);
        return stream;
    }

    /// <summary>An answer without end that was asked for, on a connection that ends with it: one that is bounded may be
    /// over before it has begun.</summary>
    internal async Task<Stream> AskAsync(int listener, string host)
    {
        var client = new TcpClient();
        await client.ConnectAsync(Envoy.Listeners[listener], Cancellation);
        var stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), Cancellation);
        return stream;
    }

    /// <summary>Reads until the other side ends the stream, which may send without end until then.</summary>
    internal static async Task DrainAsync(Stream stream)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bounded.CancelAfter(Patience);
        try
        {
            while (await stream.ReadAsync(new byte[4_096], bounded.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset: as good an end.
        }
    }

    /// <summary>Reads on, past what may have been on its way.</summary>
    internal static async Task ReadOnAsync(Stream stream)
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.True(await stream.ReadAsync(new byte[64 * 1_024], Cancellation).AsTask().WaitAsync(Patience) > 0);
        }
    }

    /// <summary>Waits until the Envoy has so many endpoints of a name that pass health checks.</summary>
    internal Task CountAsync(string name, int healthy) => Eventually.HoldsAsync(
        async () => string.Join(' ', (await Envoy.EndpointsAsync(
            _foreign is null ? $"{name}:80" : ClusterNames.Located(name), Cancellation)).Select(one => one.Health)),
        seen => seen == string.Join(' ', Enumerable.Repeat("healthy", healthy)), Patience, Cancellation);

    /// <summary>Serves this, and waits until the Envoy has acknowledged it, wherever it takes endpoints of the name.
    /// </summary>
    internal Task ToldAsync(ServedName name)
    {
        var from = TimeProvider.System.GetUtcNow();
        Sidecar.Publish(name);
        return Eventually.HoldsAsync(
            () => Task.FromResult(Sidecar.Streams.SelectMany(stream => stream.Types)
                .Where(type => type.Type == ResourceType.Endpoints
                    && type.Names.Any(one => ClusterNames.IdOf(one) == $"{name.Name}:80")).ToList()),
            asking => asking.Count > 0 && asking.TrueForAll(
                type => type.SentAt >= from && type.AckedAt >= type.SentAt),
            Patience, Cancellation);
    }

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
    }

    /// <summary>Never ends.</summary>
    internal static async Task EndlessAsync(HttpContext context)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            do
            {
                await context.Response.WriteAsync("x", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
            while (await timer.WaitForNextTickAsync(context.RequestAborted));
        }
        catch (OperationCanceledException)
        {
            // The client has gone, or the test has ended.
        }
    }

    private static string Http(string routes) => $$"""

            - name: "{{routes}}"
              address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
              filter_chains:
                - filters:
                    - name: hcm
                      typed_config:
                        "@type": {{Filters}}.network.http_connection_manager.v3.HttpConnectionManager
                        stat_prefix: named
                        rds: { route_config_name: "{{routes}}", config_source: { ads: {}, resource_api_version: V3 } }
                        http_filters:
                          - name: router
                            typed_config: { "@type": {{Filters}}.http.router.v3.Router }
        """;

    private static string Tcp(string name, string bound) => $$"""

            - name: {{name}}
              address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
              filter_chains:
                - filters:
                    - name: tcp
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                        {{bound}}
                        stat_prefix: {{name}}
                        cluster: "{{Bounded}}:80"
        """;
}
