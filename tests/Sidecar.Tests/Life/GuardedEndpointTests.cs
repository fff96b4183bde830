using System.Collections.Immutable;
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

/// <summary>Endpoints with identities are told to a real Envoy while it still has a cluster of that name that speaks in
/// the clear, and their bundle comes late: not one byte in the clear reaches them.</summary>
public sealed class GuardedEndpointTests
{
    private const string Ended = "ended" + OnDemandWorld.Suffix;
    private const string Plain = "plain" + OnDemandWorld.Suffix;
    private const string Mixed = "mixed" + OnDemandWorld.Suffix;
    private const string Late = "late" + OnDemandWorld.Suffix;
    private const string Server = "spiffe://us1.example/ns/shop/sa/secure";
    private const string Pod = "spiffe://eu1.example/ns/shop/sa/frontend";
    private const int Requests = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly CertificateAuthority Us1 = new("us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Eu1 = new("eu1.example", TimeProvider.System.GetUtcNow());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Envoy_SpeaksToThemByTlsAlone(bool isOldest) => RunAsync(isOldest, isDelta: true, isPerType: false);

    [Theory(Explicit = true)]
    [InlineData(false, false, false)]
    [InlineData(false, true, true)]
    [InlineData(false, false, true)]
    [InlineData(true, false, false)]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    public Task Envoy_OfEachVariant_SpeaksToThemByTlsAlone(bool isOldest, bool isDelta, bool isPerType) =>
        RunAsync(isOldest, isDelta, isPerType);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task ForeignEnvoy_SpeaksToThemByTlsAlone(bool isOldest) => RunForeignAsync(isOldest, isAuthority: false);

    [Theory(Explicit = true)]
    [InlineData(false)]
    [InlineData(true)]
    public Task ForeignEnvoy_ByTheAuthority_SpeaksToThemByTlsAlone(bool isOldest) =>
        RunForeignAsync(isOldest, isAuthority: true);

    private static async Task RunAsync(bool isOldest, bool isDelta, bool isPerType)
    {
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        using var svid = new SvidFolder();
        svid.Write(Eu1.Sign([Pod]), Eu1);
        await using var backend = await Backend.StartAsync(context => context.Response.WriteAsync("one"));
        await using var sidecar = new ScriptedSidecar(
            new OnDemandOptions { XdsCluster = "xds" }, Ended, Plain, Mixed, Late);
        await File.WriteAllBytesAsync(
            Path.Combine(sidecar.Folder, "svid.json"), SvidSecret.Content(svid.Paths), Cancellation);
        sidecar.Publish(
            OnDemandWorld.Ended(Ended, Reasons.NoBundle, wasServed: true),
            OnDemandWorld.Named(Plain, backend.Port), OnDemandWorld.Named(Mixed, backend.Port));
        await sidecar.StartAsync();

        // Of one import nothing is known: the bare name has a cluster that says so.
        sidecar.EndPatience();
        await using var envoy = await EnvoyProcess.StartAsync(
            program!, sidecar.Socket, Cancellation, isDelta, isPerType);
        await AnswersAsync(envoy, Late, 503);
        await StepsAsync(sidecar, envoy, backend.Port, Ended, Plain, Mixed, Late);
    }

    private static async Task RunForeignAsync(bool isOldest, bool isAuthority)
    {
        await using var world = await OnDemandWorld.StartAsync(
            isOldest, isDelta: true, isAuthority, [OnDemandWorld.Checkout]);
        world.Sidecar.Publish(
            OnDemandWorld.Ended(Ended, Reasons.NoBundle, wasServed: true),
            OnDemandWorld.Named(Plain, world.Ports.One), OnDemandWorld.Named(Mixed, world.Ports.One));
        await world.ServesAsync(OnDemandWorld.Checkout, "one");
        await StepsAsync(world.Sidecar, world.Envoy, world.Ports.One, Ended, Plain, Mixed);
    }

    private static async Task StepsAsync(
        ScriptedSidecar sidecar, EnvoyProcess envoy, int backend, params string[] names)
    {
        await using var endpoint = new FirstByteListener();
        await AnswersAsync(envoy, Ended, 503);
        await AnswersAsync(envoy, Plain, 200);
        await AnswersAsync(envoy, Mixed, 200);
        foreach (var name in names)
        {
            var before = Version(sidecar);
            sidecar.Publish(Guarded(name, isVouchedFor: false));
            await Eventually.HoldsAsync(
                () => Task.FromResult(Version(sidecar)), now => now.Sent != before.Sent && now.Sent == now.Acked,
                Patience, Cancellation);
            if (name != Mixed)
            {
                // Between two pushes all that was sent is acknowledged as well: the assignment in the clear, of which
                // nothing is left, may be emptied by the second.
                await AnswersAsync(envoy, name, 503);
            }

            for (var i = 0; i < Requests; i++)
            {
                // Those without an identity beside them are served by the cluster from before, until the next one is
                // used without its bundle, when the Envoy has waited for that as long as it does.
                var (status, _) = await envoy.GetAsync(name, Cancellation);
                Assert.True((int)status == 503 || (name == Mixed && (int)status == 200), $"{name}: {status}");
            }

            Assert.Equal((name, 0), (name, endpoint.Clear));
        }

        Assert.Equal(0, endpoint.Tls);
        foreach (var name in names)
        {
            var before = endpoint.Tls;
            sidecar.Publish(Guarded(name, isVouchedFor: true));
            await Eventually.HoldsAsync(
                async () =>
                {
                    await envoy.GetAsync(name, Cancellation);
                    return endpoint.Tls;
                },
                tls => tls > before, Patience, Cancellation);
        }

        Assert.Equal(0, endpoint.Clear);

        ServedName Guarded(string name, bool isVouchedFor)
        {
            var served = OnDemandWorld.Named(name, name == Mixed ? [endpoint.Port, backend] : [endpoint.Port]);
            var bundles = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
            var peer = new TlsPeer(
                "peer", [Server],
                isVouchedFor ? bundles.Add("us1.example", Us1.Certificate.ExportCertificatePem()) : bundles, name);
            return served with
            {
                Endpoints = served.Endpoints.SetItem(0, served.Endpoints[0] with { Peer = peer.Id }),
                Tls = new ServedTls([peer], new ClientTls(Path.Combine(sidecar.Folder, "svid.json"), null)),
            };
        }
    }

    private static (string Sent, string Acked) Version(ScriptedSidecar sidecar)
    {
        var types = sidecar.Streams.SelectMany(stream => stream.Types)
            .Where(one => one.Type == ResourceType.Endpoints).ToList();
        return (
            string.Join(' ', types.Select(one => one.SentVersion).Order(StringComparer.Ordinal)),
            string.Join(' ', types.Select(one => one.AckedVersion).Order(StringComparer.Ordinal)));
    }

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
}
