using System.Collections.Immutable;
using Fairlead.EnvoyApi.Core;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>Another control plane, an Envoy of its, a sidecar beside it, and backends that say who they are.</summary>
internal sealed class OnDemandWorld : IAsyncDisposable
{
    internal const string Suffix = ".shop.svc.us1.internal";
    internal const string Checkout = "checkout" + Suffix;
    internal const string Secure = "secure" + Suffix;
    internal const string Merged = "outbound|80||" + Checkout;

    private const string Server = "spiffe://us1.example/ns/shop/sa/secure";
    private const string Pod = "spiffe://eu1.example/ns/shop/sa/frontend";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly CertificateAuthority Us1 = new("us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Next = new("next.us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Eu1 = new("eu1.example", TimeProvider.System.GetUtcNow());

    private readonly List<Backend> _backends = [];
    private readonly SvidFolder _svid = new();
    private ForeignEnvoy? _foreign;

    private OnDemandWorld(ScriptedSidecar sidecar) => Sidecar = sidecar;

    internal ScriptedSidecar Sidecar { get; }

    internal ForeignControlPlane Foreign => _foreign!.Plane;

    internal EnvoyProcess Envoy => _foreign!.Envoy;

    /// <summary>Backends that answer <c>one</c>, <c>two</c>, and <c>secure</c> by mutual TLS.</summary>
    internal (int One, int Two, int Secure) Ports => (_backends[0].Port, _backends[1].Port, _backends[2].Port);

    /// <summary>How long a name is waited for, by the sidecar's clock.</summary>
    internal static TimeSpan Hold { get; } = new OnDemandOptions().Hold;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts all of it; the sidecar knows <see cref="Checkout"/> and <see cref="Secure"/>.</summary>
    internal static async Task<OnDemandWorld> StartAsync(
        bool isOldest,
        bool isDelta,
        bool isAuthority,
        string[] imports,
        string? tcp = null,
        bool isPlain = false,
        ClusterSettings? clusters = null,
        Action<ScriptedSidecar>? with = null,
        bool hasContext = false,
        bool hasSource = true,
        string wait = ForeignBootstrap.Wait)
    {
        ForeignEnvoy.Program(isOldest);
        var options = new OnDemandOptions { Clusters = clusters ?? ClusterSettings.Default };
        var world = new OnDemandWorld(new ScriptedSidecar(options, imports));
        with?.Invoke(world.Sidecar);
        await world.BackendsAsync();
        world.Sidecar.Publish(Named(Checkout, world.Ports.One), world.Securely(isRotated: false));
        await world.Sidecar.StartAsync();
        world._foreign = await ForeignEnvoy.StartAsync(
            isOldest, isDelta, world.Sidecar.Socket, isAuthority, world.Ports.One, Merged,
            tcp is null ? "" : ForeignBootstrap.Tcp("tcp", tcp, isOnDemand: true), isPlain, hasContext,
            hasSource, wait);
        await world.ServesAsync(ForeignBootstrap.OwnHost, "one");
        return world;
    }

    /// <summary>A name of one HTTP port with endpoints on loopback.</summary>
    internal static ServedName Named(string name, params int[] ports) => new(
        name, null, [new ServedPort("http", 80, "http")],
        [.. ports.Select(port => new ServedEndpoint("127.0.0.1", [port], "us1", "a", 1, ServedHealth.Healthy))],
        new Provenance("us1.internal", 1, 1, "2026-11-24T15:00:00.000Z"));

    /// <summary>A name that ended, or never was.</summary>
    internal static ServedName Ended(string name, string reason, bool wasServed) =>
        ServedName.Without(name, reason, wasServed ? [new ServedPort("http", 80, "http")] : []);

    /// <summary>The name behind mutual TLS, whose authorities are one or two.</summary>
    internal ServedName Securely(bool isRotated)
    {
        var bundle = Us1.Certificate.ExportCertificatePem() + "\n"
            + (isRotated ? Next.Certificate.ExportCertificatePem() + "\n" : "");
        var peer = new TlsPeer(
            "peer", [Server], new Dictionary<string, string> { ["us1.example"] = bundle }
                .ToImmutableSortedDictionary(StringComparer.Ordinal), Secure);
        var name = Named(Secure, Ports.Secure);
        return name with
        {
            Endpoints = [.. name.Endpoints.Select(endpoint => endpoint with { Peer = peer.Id })],
            Tls = new ServedTls([peer], new ClientTls(Path.Combine(Sidecar.Folder, "svid.json"), null)),
        };
    }

    /// <summary>A source of endpoints that is the sidecar, and one that never says anything.</summary>
    internal static (ConfigSource Ours, ConfigSource Silent) SourcesOfEndpoints => (
        Sources.Stream(Audience.DefaultXdsCluster),
        new ConfigSource
        {
            Ads = new AggregatedConfigSource(),
            InitialFetchTimeout = new Duration(),
            ResourceApiVersion = ApiVersion.V3,
        });

    /// <summary>One request: what came, and by which reason and flags a reply of Envoy's own explains itself.</summary>
    internal async Task<Reply> GetAsync(string host)
    {
        var started = TimeProvider.System.GetTimestamp();
        var (status, body, headers) = await Envoy.GetWithHeadersAsync(host, Cancellation);
        return new Reply(
            (int)status, body, headers.GetValueOrDefault("fairlead-reason", "-"),
            headers.GetValueOrDefault("response-flags", "-"), TimeProvider.System.GetElapsedTime(started))
        {
            Segment = headers.GetValueOrDefault("fairlead-segment", "-"),
        };
    }

    /// <summary>Waits until a host is answered by this body.</summary>
    internal Task ServesAsync(string host, string body) => Eventually.HoldsAsync(
        () => TryAsync(host), reply => reply.Status == 200 && reply.Body == body, Patience, Cancellation);

    /// <summary>Waits until a host is answered by a reply of Envoy's own, for this reason and with these
    /// flags.</summary>
    internal Task RefusesAsync(string host, string reason, string flags) => Eventually.HoldsAsync(
        () => TryAsync(host),
        reply => reply.Status == 503 && reply.Reason == reason && reply.Flags == flags, Patience, Cancellation);

    /// <summary>Waits until the Envoy has taken a push of the other control plane, by the time to connect in
    /// it.</summary>
    internal Task AppliedAsync(int timeoutMs) => Eventually.HoldsAsync(
        () => Envoy.AdminAsync("/config_dump?resource=dynamic_active_clusters", Cancellation),
        page => page.Contains($"\"connect_timeout\": \"{timeoutMs / 1000.0:0.###}", StringComparison.Ordinal),
        Patience, Cancellation);

    /// <summary>Waits until somebody asked for a name.</summary>
    internal Task WantedAsync(string name) => Eventually.HoldsAsync(
        () => Task.FromResult(Sidecar.Wanted.Contains(name)), isWanted => isWanted, Patience, Cancellation);

    /// <summary>Lets as much time go by as a name is held for, until that ended what waits for one: it is wanted a
    /// moment before it is waited for.</summary>
    internal async Task<Reply> HeldOutAsync(Task<Reply> waiting)
    {
        await Eventually.HoldsAsync(
            () =>
            {
                Sidecar.Time.Advance(Hold);
                return Task.FromResult(waiting.IsCompleted);
            },
            isDone => isDone, Patience, Cancellation);
        return await waiting;
    }

    /// <summary>Waits for something that the sidecar's streams show.</summary>
    internal Task StreamsShowAsync(Func<IReadOnlyList<Xds.StreamStatus>, bool> condition) => Eventually.HoldsAsync(
        () => Task.FromResult(Sidecar.Streams), condition, Patience, Cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_foreign is not null)
        {
            await _foreign.DisposeAsync();
        }

        await Sidecar.DisposeAsync();
        foreach (var backend in _backends)
        {
            await backend.DisposeAsync();
        }

        _svid.Dispose();
    }

    // It does not listen before it has its clusters.
    private async Task<Reply> TryAsync(string host)
    {
        try
        {
            return await GetAsync(host);
        }
        catch (HttpRequestException e)
        {
            return new Reply(0, e.Message, "-", "-", TimeSpan.Zero);
        }
    }

    private async Task BackendsAsync()
    {
        _svid.Write(Eu1.Sign([Pod]), Eu1);
        await File.WriteAllBytesAsync(
            Path.Combine(Sidecar.Folder, "svid.json"), SvidSecret.Content(_svid.Paths), Cancellation);
        var certificate = Us1.Sign([Server]);
        _backends.Add(await Backend.StartAsync(context => context.Response.WriteAsync("one")));
        _backends.Add(await Backend.StartAsync(context => context.Response.WriteAsync("two")));
        _backends.Add(await Backend.StartAsync(
            context => context.Response.WriteAsync("secure"), certificate: () => certificate));
    }

    internal sealed record Reply(int Status, string Body, string Reason, string Flags, TimeSpan After)
    {
        /// <summary>By the metadata of the endpoint that answered, as an access log shows it.</summary>
        public string Segment { get; init; } = "-";
    }
}
