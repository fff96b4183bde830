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
using Fairlead.Xds;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>A real Envoy takes bundles by SDS: a new one holds for the next connection, and costs none that is
/// open.</summary>
public sealed class BundleTests
{
    private const string Secure = OnDemandWorld.Secure;
    private const string Server = "spiffe://us1.example/ns/shop/sa/secure";
    private const string Pod = "spiffe://eu1.example/ns/shop/sa/frontend";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly CertificateAuthority Old = new("us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority New = new("next.us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Last = new("last.us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Eu1 = new("eu1.example", TimeProvider.System.GetUtcNow());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task NewestEnvoy_UsesARotatedBundle() => RunAsync(isOldest: false, isDelta: true);

    [Theory(Explicit = true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public Task Envoy_UsesARotatedBundle(bool isOldest, bool isDelta) => RunAsync(isOldest, isDelta);

    [Fact]
    public Task NewestEnvoy_IsLedToANewNameOnceItHasItsBundle() =>
        JoinAsync(isOldest: false, isDelta: true, isPerType: true);

    [Theory(Explicit = true)]
    [InlineData(false, false, true)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    public Task Envoy_IsLedToANewNameOnceItHasItsBundle(bool isOldest, bool isDelta, bool isPerType) =>
        JoinAsync(isOldest, isDelta, isPerType);

    // Of a cluster that waits for its bundle an Envoy says that it has none of that name.
    private static async Task JoinAsync(bool isOldest, bool isDelta, bool isPerType)
    {
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        using var svid = new SvidFolder();
        svid.Write(Eu1.Sign([Pod]), Eu1);
        var shown = Old.Sign([Server]);
        await using var backend = await Backend.StartAsync(
            context => AnswerAsync(context, isLast: true), certificate: () => shown);
        await using var sidecar = new ScriptedSidecar(
            new OnDemandOptions { XdsCluster = "xds" }, OnDemandWorld.Checkout) { Limits = ScriptedSidecar.Patient };
        var secret = Path.Combine(sidecar.Folder, "svid.json");
        await File.WriteAllBytesAsync(secret, SvidSecret.Content(svid.Paths), Cancellation);
        sidecar.Publish(OnDemandWorld.Named(OnDemandWorld.Checkout), Named(backend.Port, secret, Old));
        await sidecar.StartAsync();
        await using var envoy = await EnvoyProcess.StartAsync(
            program!, sidecar.Socket, Cancellation, isDelta, isPerType);
        await AnswersAsync(envoy, OnDemandWorld.Checkout, 503);
        sidecar.Import(OnDemandWorld.Checkout, Secure);
        await AnswersAsync(envoy, Secure, 200);
        Assert.Equal(0, await envoy.KnownStatAsync("http.outbound.no_cluster", Cancellation));
    }

    private static async Task RunAsync(bool isOldest, bool isDelta)
    {
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        using var svid = new SvidFolder();
        svid.Write(Eu1.Sign([Pod]), Eu1);
        var shown = Old.Sign([Server]);
        var (closing, answered) = (1, 0);
        await using var backend = await Backend.StartAsync(
            context => AnswerAsync(context, Interlocked.Increment(ref answered) % closing == 0),
            certificate: () => shown);
        await using var sidecar = new ScriptedSidecar(new OnDemandOptions(), Secure);
        var secret = Path.Combine(sidecar.Folder, "svid.json");
        await File.WriteAllBytesAsync(secret, SvidSecret.Content(svid.Paths), Cancellation);
        sidecar.Publish(Named(backend.Port, secret, Old));
        await sidecar.StartAsync();
        await using var envoy = await EnvoyProcess.StartAsync(program!, sidecar.Socket, Cancellation, isDelta);
        await AnswersAsync(envoy, 200);
        var clusters = await envoy.StatAsync("cluster_manager.cluster_updated", Cancellation);
        using var client = new TcpClient();
        await client.ConnectAsync(envoy.Listeners[0], Cancellation);
        var open = client.GetStream();
        await open.WriteAsync(
            Encoding.ASCII.GetBytes($"GET /endless HTTP/1.1\r\nHost: {Secure}\r\n\r\n"), Cancellation);
        await ReadAsync(open);

        // Not a handshake for each request, of which there are many; for the last ones again.
        closing = 8;
        await using (var load = new RequestLoad(envoy.Listeners[0], Cancellation, Secure))
        {
            await SucceedAsync(New, Old);
            await SucceedAsync(Last, New);

            // Another authority beside the one before, then its certificates, then it alone; and meanwhile the Envoy's
            // own certificate becomes another. What has begun by what was before ends with each step.
            async Task SucceedAsync(CertificateAuthority next, CertificateAuthority before)
            {
                await load.NoneFailsAsync("another authority", () =>
                    RotateAsync(sidecar, Named(backend.Port, secret, before, next)));
                var own = Eu1.Sign([Pod]);
                await load.NoneFailsAsync("its certificates, and another of the Envoy's own", async () =>
                {
                    shown = next.Sign([Server]);
                    svid.Write(own, Eu1);
                    await Eventually.HoldsAsync(
                        () => Task.FromResult(backend.Client?.Thumbprint), seen => seen == own.Thumbprint, Patience,
                        Cancellation);
                });
                await load.NoneFailsAsync("it alone", () =>
                    RotateAsync(sidecar, Named(backend.Port, secret, next)));
            }
        }

        closing = 1;
        shown = Old.Sign([Server]);
        await AnswersAsync(envoy, 503);

        await ReadAsync(open);
        Assert.Equal(clusters, await envoy.StatAsync("cluster_manager.cluster_updated", Cancellation));
        await Eventually.HoldsAsync(
            () => envoy.StatAsync($"cluster.{Secure}_80.upstream_rq_active", Cancellation), count => count == 1,
            Patience, Cancellation);
        Assert.All(sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
    }

    private static async Task RotateAsync(ScriptedSidecar sidecar, ServedName name)
    {
        var before = Version(sidecar).Sent;
        sidecar.Publish(name);
        await Eventually.HoldsAsync(
            () => Task.FromResult(Version(sidecar)), now => now.Sent != before && now.Sent == now.Acked,
            Patience, Cancellation);
    }

    private static (string Sent, string Acked) Version(ScriptedSidecar sidecar)
    {
        var type = sidecar.Streams.SelectMany(stream => stream.Types).Single(one => one.Type == ResourceType.Secret);
        return (type.SentVersion, type.AckedVersion);
    }

    // What comes after the last request of a connection has a handshake of its own.
    private static async Task AnswerAsync(HttpContext context, bool isLast)
    {
        if (isLast)
        {
            context.Response.Headers.Connection = "close";
        }

        if (context.Request.Path == "/endless")
        {
            await LifeWorld.EndlessAsync(context);
        }
    }

    private static Task AnswersAsync(EnvoyProcess envoy, int status) => AnswersAsync(envoy, Secure, status);

    private static Task AnswersAsync(EnvoyProcess envoy, string host, int status) => Eventually.HoldsAsync(
        async () =>
        {
            try
            {
                return (int)(await envoy.GetAsync(host, Cancellation)).Status;
            }
            catch (HttpRequestException)
            {
                return 0; // It does not listen before it has its clusters.
            }
        },
        seen => seen == status, Patience, Cancellation);

    private static async Task ReadAsync(Stream stream)
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await stream.ReadAsync(new byte[64 * 1_024], Cancellation).AsTask().WaitAsync(Patience) > 0);
        }
    }

    private static ServedName Named(int port, string secret, params CertificateAuthority[] authorities)
    {
        var bundle = string.Concat(authorities.Select(one => one.Certificate.ExportCertificatePem() + "\n"));
        var peer = new TlsPeer(
            "peer", [Server], new Dictionary<string, string> { ["us1.example"] = bundle }
                .ToImmutableSortedDictionary(StringComparer.Ordinal), Secure);
        var name = OnDemandWorld.Named(Secure, port);
        return name with
        {
            Endpoints = [.. name.Endpoints.Select(endpoint => endpoint with { Peer = peer.Id })],
            Tls = new ServedTls([peer], new ClientTls(secret, null)),
        };
    }
}
