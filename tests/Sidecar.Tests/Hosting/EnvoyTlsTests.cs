using System.Net;
using Fairlead.Identities;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>
/// V55 at a real Envoy: eight real anchors, a whole sidecar, and endpoints on mutual TLS. An identity is held against
/// the bundle that its own segment sealed, and against no other.
/// </summary>
public sealed class EnvoyTlsTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Server = "spiffe://us1.example/ns/shop/sa/checkout";
    private const string Other = "spiffe://us1.example/ns/shop/sa/other";
    private const string Pod = "spiffe://eu1.example/ns/shop/sa/frontend";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly CertificateAuthority Us1 = new("us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Eu1 = new("eu1.example", TimeProvider.System.GetUtcNow());

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Envoy_SpeaksToTheVerifiedIdentityAlone(bool isOldest)
    {
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        var tag = isOldest ? "-136" : "";
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        using var svid = new SvidFolder();
        svid.Write(Eu1.Sign([Pod]), Eu1);
        await using var good = await BackendAsync(Us1, Server);
        await using var alsoGood = await BackendAsync(Us1, Other);
        await using var wrong = await BackendAsync(Us1, Other);
        await using var forged = await BackendAsync(new CertificateAuthority("us1.example", Us1.Now), Server);
        await using var crossed = await BackendAsync(Eu1, Server);
        await using var late = await Backend.StartAsync(
            context =>
            {
                context.Response.Headers.Connection = "close"; // Each request has a handshake of its own.
                return Task.CompletedTask;
            },
            certificate: () => Us1.Sign([Server]));
        await PublishAsync(tag, alsoGood, [
            ("good", good), ("wrong", wrong), ("forged", forged), ("crossed", crossed), ("late", late)]);
        await using var host = await TwoClusters.StartAsync(Configure(tag, svid.Paths));
        await host.Ready.WaitAsync(bounded.Token);
        await using var envoy = await EnvoyProcess.StartAsync(
            program!, Path.Combine(clusters.Folder, "envoy-tls" + tag, "xds.sock"), bounded.Token);

        await ServesAsync("good", HttpStatusCode.OK);
        Assert.Equal(Pod, SvidCertificate.IdentityOf(good.Client!));
        await ServesAsync("both", HttpStatusCode.OK);
        foreach (var (name, kind) in new[] { ("wrong", "san"), ("forged", "error"), ("crossed", "error") })
        {
            await ServesAsync(name, HttpStatusCode.ServiceUnavailable);
            await IsRefusedAsync(envoy, $"cluster.{name}{tag}.shop.svc.us1.internal_80", kind, bounded.Token);
        }

        Assert.Equal((0, 0, 0), (wrong.Requests, forged.Requests, crossed.Requests));

        // Its helper renews the certificate: connections show the new one without a word from the sidecar.
        var renewed = Eu1.Sign([Pod]);
        svid.Write(renewed, Eu1);
        await Eventually.HoldsAsync(
            async () =>
            {
                await ServesAsync("late", HttpStatusCode.OK);
                return late.Client?.Thumbprint;
            },
            shown => shown == renewed.Thumbprint,
            Patience, bounded.Token);

        async Task ServesAsync(string name, HttpStatusCode status)
        {
            var (found, body) = await Eventually.HoldsAsync(
                () => GetAsync(envoy, $"{name}{tag}.shop.svc.us1.internal", bounded.Token),
                answer => answer.Status == status,
                Patience, bounded.Token);
            Assert.True(found == status, body);
        }
    }

    // By the check that is due, and not because a cluster is not there yet.
    private static async Task IsRefusedAsync(
        EnvoyProcess envoy, string cluster, string kind, CancellationToken cancellationToken)
    {
        await Eventually.HoldsAsync(() => FailuresAsync(kind), count => count > 0, Patience, cancellationToken);
        foreach (var other in new[] { "san", "error", "cert_hash" }.Where(other => other != kind))
        {
            Assert.Equal(0, await FailuresAsync(other));
        }

        Task<long> FailuresAsync(string one) =>
            envoy.StatAsync($"{cluster}.ssl.fail_verify_{one}", cancellationToken);
    }

    private async Task PublishAsync(string tag, Backend both, (string Name, Backend Backend)[] backends)
    {
        await clusters.PublishAsync(AnswerLeaves.BundleOf(
            "us1.example", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
            clusters.Target.Segment.Publisher, Convert.ToBase64String(Us1.Certificate.RawData)));
        foreach (var (name, backend) in backends)
        {
            await clusters.PublishAsync(
                $"{name}{tag}.shop.svc", [Server], [new() { Address = "127.0.0.1" }], backend.Port);
        }

        // Two endpoints with identities of their own: each is held to its own, not to either.
        await clusters.PublishAsync(
            $"both{tag}.shop.svc", [], [new() { Address = "127.0.0.1", Identity = Other }], both.Port);
    }

    private string Configure(string tag, SpiffePaths svid) => clusters.Configure(
        "envoy-tls" + tag,
        "imports: [" + string.Join(", ", new[] { "good", "wrong", "forged", "crossed", "both", "late" }
            .Select(name => $"{name}{tag}.shop.svc.us1.internal")) + "]",
        $"xds: {{socket: {clusters.Folder}/envoy-tls{tag}/xds.sock, address: 127.0.0.1:0, spiffe: "
        + $"{{certificate: {svid.Certificate}, key: {svid.Key}}}}}");

    // It does not listen before it has its clusters.
    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(
        EnvoyProcess envoy, string host, CancellationToken cancellationToken)
    {
        try
        {
            return await envoy.GetAsync(host, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            return (0, e.Message);
        }
    }

    private static Task<Backend> BackendAsync(CertificateAuthority authority, string identity) =>
        Backend.StartAsync(Backend.EchoAsync, certificate: () => authority.Sign([identity]));
}
