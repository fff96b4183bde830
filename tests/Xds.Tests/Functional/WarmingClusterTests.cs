using System.Net;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.TransportSockets;
using Fairlead.TestKit.Processes;
using Google.Protobuf.WellKnownTypes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>
/// A cluster that warms for ever because nobody has its secret. On an aggregated stream a real Envoy says nothing to
/// clusters any more, on streams of each type it acknowledges them; in all variants the others change, come and serve.
/// </summary>
public sealed class WarmingClusterTests
{
    private const string Host = "checkout.shop.svc.us1.internal";
    private const string Name = Host + ":80";
    private const string Next = "next:80";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AckWait = TimeSpan.FromSeconds(2);

    // Routes wait for it once, since one cluster has no secret: longer than an Envoy may stand still.
    private static readonly TimeSpan WarmWait = TimeSpan.FromSeconds(12);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Others_AreServedByDelta_ThoughOneWarmsForEver(bool isOldest) => RunAsync(Variant.Delta, isOldest);

    [Theory(Explicit = true)]
    [MemberData(nameof(EnvoyVariantTests.Cases), MemberType = typeof(EnvoyVariantTests))]
    public Task Others_AreServed_ThoughOneWarmsForEver(Variant variant, bool isOldest) => RunAsync(variant, isOldest);

    private static async Task RunAsync(Variant variant, bool isOldest)
    {
        var isDelta = variant is Variant.Delta or Variant.DeltaPerType;
        var isPerType = variant is Variant.SotwPerType or Variant.DeltaPerType;
        var source = isPerType ? PerType(isDelta) : null;
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        await using var one = await HttpBackend.StartAsync("one");
        await using var two = await HttpBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync(
            new AdsOptions { Limits = XdsLimits.Default with { AckWaitMax = AckWait, WarmWaitMax = WarmWait } });
        host.Publish(Cluster(Name, endpoints: source), Endpoints(Name, one.Port), Routes("fairlead", Name));
        await using var envoy = await EnvoyProcess.StartAsync(
            program!, host.Socket, Cancellation, isDelta, isPerType);
        await ServesAsync(envoy, "one");

        await using var load = new RequestLoad(envoy.Listeners[0], Cancellation, Host);
        await load.NoneFailsAsync("endpoints change", async () =>
        {
            host.Publish(WarmingForEver(source));
            await Eventually.HoldsAsync(
                () => envoy.KnownStatAsync("cluster_manager.warming_clusters", Cancellation), count => count == 1,
                Bound, Cancellation);
            host.Publish(Endpoints(Name, two.Port));
            await ServesAsync(envoy, "two");
            await Eventually.HoldsAsync(
                () => Task.FromResult(Clusters(host).Waiting), isWaiting => isWaiting == !isPerType, Bound,
                Cancellation);
        });
        await load.NoneFailsAsync("a cluster changes, one comes with its route", async () =>
        {
            host.Publish(
                Cluster(Name, timeoutMs: 321, endpoints: source), Cluster(Next, endpoints: source),
                Endpoints(Next, one.Port), Routes("fairlead", Next));
            await ServesAsync(envoy, "one");
            await Eventually.HoldsAsync(
                () => envoy.AdminAsync("/config_dump?resource=dynamic_active_clusters", Cancellation),
                page => page.Contains("0.321s", StringComparison.Ordinal), Bound, Cancellation);
        });
        await load.NoneFailsAsync("one leaves", async () =>
        {
            host.View.Update(builder => builder.Remove(ResourceType.Cluster, Name));
            await Eventually.HoldsAsync(
                () => envoy.AdminAsync("/clusters", Cancellation),
                all => !all.Contains($"{Name}::", StringComparison.Ordinal), Bound, Cancellation);
            await ServesAsync(envoy, "one");
        });
        Assert.Equal(1, await envoy.KnownStatAsync("cluster_manager.warming_clusters", Cancellation));
    }

    private static Resource WarmingForEver(ConfigSource? source) => Resource.Create(new Cluster
    {
        Name = "warming",
        Type = EnvoyApi.Clusters.Cluster.Types.DiscoveryType.Static,
        LoadAssignment = new EnvoyApi.Endpoints.ClusterLoadAssignment { ClusterName = "warming" },
        TransportSocket = new TransportSocket
        {
            Name = "envoy.transport_sockets.tls",
            TypedConfig = Any.Pack(new UpstreamTlsContext
            {
                CommonTlsContext = new CommonTlsContext
                {
                    ValidationContextSdsSecretConfig = new SdsSecretConfig
                    {
                        Name = "nobody-has-it",
                        SdsConfig = Patient(source),
                    },
                },
            }),
        },
    });

    // For a secret an Envoy waits for ever only where it is told to.
    private static ConfigSource Patient(ConfigSource? source)
    {
        var patient = source?.Clone() ?? new ConfigSource
        {
            Ads = new AggregatedConfigSource(), ResourceApiVersion = ApiVersion.V3,
        };
        patient.InitialFetchTimeout = new Duration();
        return patient;
    }

    private static TypeStatus Clusters(AdsHost host) =>
        host.Service.Streams().SelectMany(stream => stream.Types).Single(type => type.Type == ResourceType.Cluster);

    private static Task ServesAsync(EnvoyProcess envoy, string body) => Eventually.HoldsAsync(
        async () =>
        {
            try
            {
                return await envoy.GetAsync(Host, Cancellation);
            }
            catch (HttpRequestException e)
            {
                return (default(HttpStatusCode), e.Message); // it listens when it has its routes
            }
        },
        answer => answer.Item2 == body, Bound, Cancellation);
}
