using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Google.Protobuf.WellKnownTypes;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>
/// A real Envoy that belongs to another control plane, the newest and the oldest, and gets our clusters on demand over
/// our socket, under 200 requests a second. A request may fail in the steps of <c>MayFailAsync</c> and in no other.
/// </summary>
public sealed class ForeignEnvoyTests
{
    private const string Cart = "cart" + Suffix;
    private const string Late = "late" + Suffix;
    private const string Warming = "warming";

    // Of loopback, by anybody.
    private const int NobodyListens = 1;

    // Not when the filter's patience is over, on any machine.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(20);

    // An Envoy left to itself waits the longer the longer it was alone: up to 13 s after the half of this.
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BackWithin = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Envoy_BesideDeltaAndByStreams_IsServed(bool isOldest) =>
        RunAsync(isOldest, isDelta: true, isAuthority: false);

    /// <summary>The pair in which each push of the other control plane takes our clusters away, for a moment.</summary>
    [Fact]
    public Task NewestEnvoy_BesideStateOfTheWorld_IsServed() =>
        RunAsync(isOldest: false, isDelta: false, isAuthority: false);

    /// <summary>Every pair, and an Envoy that was alone for longer is back in time.</summary>
    [Theory(Explicit = true)]
    [InlineData(false, true, false)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    [InlineData(false, false, true)]
    [InlineData(true, false, true)]
    public Task Envoy_BesideEither_IsServedByStreamsAndByTheAuthority(
        bool isOldest, bool isDelta, bool isAuthority) => RunAsync(isOldest, isDelta, isAuthority, Outage);

    private static async Task RunAsync(bool isOldest, bool isDelta, bool isAuthority, TimeSpan outage = default)
    {
        await using var world = await StartAsync(isOldest, isDelta, isAuthority, [Checkout, Secure]);

        // The first request of its life names no cluster: the collection's first answer must hold it.
        var first = await world.GetAsync(Checkout);
        Assert.Equal((200, "one", "us1.internal"), (first.Status, first.Body, first.Segment));
        Assert.Equal("-", (await world.GetAsync(ForeignBootstrap.OwnHost)).Segment);
        Assert.Equal((200, "secure"), await world.GetAsync(Secure) is var reply ? (reply.Status, reply.Body) : default);
        await using var load = new RequestLoad(
            world.Envoy.Listeners[0], Cancellation, Checkout, Secure, ForeignBootstrap.OwnHost);

        await NamesAsync(world, load);
        await EndpointsAsync(world, load);
        await ImportsAsync(world, load);
        await ForeignAsync(world, load);
        await ClustersAsync(world, load);
        await RestartAsync(world, load, outage);
        await ForeignRestartAsync(world, load, isAuthority);
        await EndsAsync(world, load);
        Assert.Equal(0, await world.Foreign.RefusedAsync());
        Assert.All(world.Sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
        var isOne = world.Sidecar.Streams.Count(stream => stream.Service == "ads delta") == 1;
        Assert.Equal(isAuthority, isOne);
    }

    private static async Task NamesAsync(OnDemandWorld world, RequestLoad load)
    {
        await load.NoneFailsAsync("a name is added", async () =>
        {
            world.Sidecar.Publish(Named(Cart, world.Ports.Two));
            Assert.Equal("200 two", Told(await world.GetAsync(Cart)));
            Assert.Contains(Cart, world.Sidecar.Wanted);
        });
        await load.NoneFailsAsync("a name in other spellings, and a port that it has not", async () =>
        {
            foreach (var spelling in new[] { Cart + ":80", Cart + ".", Cart.ToUpperInvariant(), Cart + ".:80" })
            {
                Assert.Equal("200 two", Told(await world.GetAsync(spelling)));
            }

            await world.RefusesAsync(Cart + ":81", Reasons.NoSuchPort, "UH");
        });
        await load.NoneFailsAsync("names that are not there, or not for us", async () =>
        {
            var (absent, denied) = ("absent" + Suffix, "denied" + Suffix);
            world.Sidecar.Publish(
                Ended(absent, Reasons.Absent, wasServed: false), Ended(denied, Reasons.Denied, wasServed: false));
            await RefusedAsync(world, absent, Reasons.Absent, "UH");
            await RefusedAsync(world, denied, Reasons.Denied, "UDO");
            await RefusedAsync(world, "example.com", Reasons.Absent, "UH");

            // And again: an Envoy that was told of a removal would wait for it.
            await RefusedAsync(world, absent, Reasons.Absent, "UH");
        });
        await load.NoneFailsAsync("a name of which nothing is known until late", async () =>
        {
            var waiting = world.GetAsync(Late);
            await world.WantedAsync(Late);
            Assert.False(waiting.IsCompleted);
            var reply = await world.HeldOutAsync(waiting);
            Assert.Equal((503, Reasons.Pending, "UH"), (reply.Status, reply.Reason, reply.Flags));
            world.Sidecar.Publish(Named(Late, world.Ports.Two));
            await world.ServesAsync(Late, "two");
        });
    }

    private static async Task EndpointsAsync(OnDemandWorld world, RequestLoad load)
    {
        var (one, two, _) = world.Ports;
        await load.NoneFailsAsync("an endpoint is added", async () =>
        {
            world.Sidecar.Publish(Named(Checkout, one, two));
            await load.AnsweredByAsync("two");
        });
        await load.NoneFailsAsync("an endpoint is removed", async () =>
        {
            world.Sidecar.Publish(Named(Checkout, two));
            await world.ServesAsync(Checkout, "two");
        });
        await load.NoneFailsAsync("endpoints are refused, and put right", async () =>
        {
            var bad = Named(Checkout, two);
            world.Sidecar.Publish(bad with { Endpoints = [bad.Endpoints[0] with { Address = "not-an-address" }] });
            await world.StreamsShowAsync(streams => streams.SelectMany(stream => stream.Types).Any(
                type => type.Refused?.Message.Contains("malformed IP address", StringComparison.Ordinal) == true));
            world.Sidecar.Publish(Named(Checkout, one));
            await world.ServesAsync(Checkout, "one");
        });
    }

    // Who was told of it in the collection asks for it by its name from then on, as for one that never was an import.
    private static async Task ImportsAsync(OnDemandWorld world, RequestLoad load)
    {
        var (one, two, _) = world.Ports;
        await load.NoneFailsAsync("an import goes", async () =>
        {
            world.Sidecar.Import(Secure);
            Assert.Equal("200 one", Told(await world.GetAsync(Checkout)));
            Assert.Contains(Checkout, world.Sidecar.Wanted);
            world.Sidecar.Publish(Named(Checkout, two));
            await world.ServesAsync(Checkout, "two");
        });
        await load.NoneFailsAsync("and comes back", async () =>
        {
            world.Sidecar.Import(Checkout, Secure);
            Assert.Equal("200 two", Told(await world.GetAsync(Checkout)));
            world.Sidecar.Publish(Named(Checkout, one));
            await world.ServesAsync(Checkout, "one");
        });
    }

    private static async Task ForeignAsync(OnDemandWorld world, RequestLoad load)
    {
        var (ours, silent) = SourcesOfEndpoints;
        await load.NoneFailsAsync("the other control plane gives a cluster whose endpoints are ours", async () =>
        {
            await world.Foreign.SetAsync(ForeignBootstrap.Eds(Merged, ours));
            await world.ServesAsync(ForeignBootstrap.MergedHost, "one");
            world.Sidecar.Publish(Named(Checkout, world.Ports.Two));
            await world.ServesAsync(ForeignBootstrap.MergedHost, "two");
            world.Sidecar.Publish(Named(Checkout, world.Ports.One));
            await world.ServesAsync(ForeignBootstrap.MergedHost, "one");
        });
        await load.NoneFailsAsync("a cluster of the other control plane warms for ever", async () =>
        {
            await world.Foreign.SetAsync(ForeignBootstrap.Eds(Warming, silent));
            await Eventually(() => world.Envoy.StatAsync("cluster_manager.warming_clusters", Cancellation), 1);
            world.Sidecar.Publish(Named("warm" + Suffix, world.Ports.Two));
            var reply = await world.GetAsync("warm" + Suffix);
            Assert.Equal("200 two", Told(reply));
            Assert.InRange(reply.After, TimeSpan.Zero, AtOnce);
        });
        await load.NoneFailsAsync("the other control plane pushes its clusters", async () =>
        {
            for (var timeout = 1; timeout <= 3; timeout++)
            {
                await world.Foreign.SetAsync(
                    ForeignBootstrap.Local(ForeignBootstrap.Own, world.Ports.One, timeout * 300));

                // By the state of the world each takes the cluster away: none after it is asked for.
                await world.AppliedAsync(timeout * 300);
            }

            Assert.Equal("200 two", Told(await world.GetAsync(Cart)));
        });
    }

    private static async Task ClustersAsync(OnDemandWorld world, RequestLoad load)
    {
        await load.NoneFailsAsync("a bundle changes, its cluster does not", async () =>
        {
            // What the pushes took away is back, and all of it acknowledged.
            await world.ServesAsync(Secure, "secure");
            await world.ServesAsync(Checkout, "one");
            await world.StreamsShowAsync(
                _ => ClusterVersion(world) is var (sent, acked) && sent != "" && sent == acked);
            var (cluster, bundle) = (ClusterVersion(world), VersionOf(world, "sds delta").Sent);
            world.Sidecar.Publish(world.Securely(isRotated: true));
            await world.StreamsShowAsync(
                _ => VersionOf(world, "sds delta") is var (sent, acked) && sent != bundle && sent == acked);
            Assert.Equal(cluster, ClusterVersion(world));
            await world.ServesAsync(Secure, "secure");
        });
        await load.NoneFailsAsync("a cluster is refused, and put right", async () =>
        {
            // Its own certificate is in a file that is not there, which an Envoy looks for before it takes a cluster.
            var good = world.Securely(isRotated: true);
            world.Sidecar.Publish(good with
            {
                Tls = new ServedTls(good.Tls!.Peers, new ClientTls("/none/svid.json", null)),
            });
            await world.StreamsShowAsync(streams => streams.SelectMany(stream => stream.Types).Any(
                type => type.Refused?.Message.Contains("/none", StringComparison.Ordinal) == true));
            await world.ServesAsync(Secure, "secure");
            world.Sidecar.Publish(good);
            await world.StreamsShowAsync(streams => streams.SelectMany(stream => stream.Types).All(
                type => type.Refused is null && type.SentVersion == type.AckedVersion));
            await world.ServesAsync(Secure, "secure");
        });
        await load.NoneFailsAsync("a cluster changes, its endpoints do not", async () =>
        {
            var warming = await WarmingAsync(world);
            for (var i = 0; i < 3; i++)
            {
                var before = ClusterVersion(world);
                Assert.NotEqual("", before.Sent);
                world.Sidecar.Publish(world.Securely(isRotated: true) with
                {
                    StreamMax = TimeSpan.FromMinutes(1 + i),
                });
                await world.StreamsShowAsync(
                    _ => ClusterVersion(world) is var (sent, acked) && sent == acked && sent != before.Sent);

                // Without its endpoints the cluster warms until the end of Envoy's patience, which it counts.
                await TestKit.Processes.Eventually.HoldsAsync(
                    () => WarmingAsync(world), now => now <= warming, TimeSpan.FromMinutes(2), Cancellation);
                await world.ServesAsync(Secure, "secure");
            }

            Assert.Equal(
                0, await world.Envoy.KnownStatAsync($"cluster.{Secure}_80.init_fetch_timeout", Cancellation));
        });
    }

    private static Task<long> WarmingAsync(OnDemandWorld world) =>
        world.Envoy.KnownStatAsync("cluster_manager.warming_clusters", Cancellation);

    private static async Task RestartAsync(OnDemandWorld world, RequestLoad load, TimeSpan outage)
    {
        await load.NoneFailsAsync("the sidecar ends and comes back, knowing nothing at first", async () =>
        {
            var before = StreamsOf(world);
            await world.Sidecar.StopAsync();
            Assert.Equal("200 one", Told(await world.GetAsync(Checkout)));
            await Task.Delay(outage, Cancellation);
            await world.Sidecar.StartAsync(isAnswering: false);
            var started = TimeProvider.System.GetTimestamp();
            await world.StreamsShowAsync(streams => streams.SelectMany(stream => stream.Types).Any(
                type => type.Names.Contains(ClusterNames.Located(Cart))));

            if (outage > TimeSpan.Zero)
            {
                await TestKit.Processes.Eventually.HoldsAsync(
                    () => Task.FromResult((Now: StreamsOf(world), Before: before)), seen => seen.Now == seen.Before,
                    TimeSpan.FromMinutes(2), Cancellation);
                Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, BackWithin);
            }

            // Longer than a name is held: who has a cluster is not told that it is pending.
            world.Sidecar.Time.Advance(Hold);
            Assert.Equal("200 two", Told(await world.GetAsync(Cart)));
            world.Sidecar.Answer();
            world.Sidecar.Publish(Named(Checkout, world.Ports.Two), Named(Cart, world.Ports.One));
            await world.ServesAsync(Checkout, "two");
            await world.ServesAsync(Cart, "one");
        });
        await load.NoneFailsAsync("a name is asked for after it", async () =>
        {
            world.Sidecar.Publish(Named("after" + Suffix, world.Ports.Two));
            Assert.Equal("200 two", Told(await world.GetAsync("after" + Suffix)));
        });
    }

    private static async Task ForeignRestartAsync(OnDemandWorld world, RequestLoad load, bool isAuthority)
    {
        var (one, two, _) = world.Ports;
        const int Timeout = 700;
        if (!isAuthority)
        {
            await load.NoneFailsAsync("the other control plane changes the cluster by which we are reached", async () =>
            {
                var sidecar = ForeignBootstrap.Sidecar(world.Sidecar.Socket);
                sidecar.ConnectTimeout = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(Timeout));
                await world.Foreign.SetAsync(sidecar);
                await world.AppliedAsync(Timeout);
                world.Sidecar.Publish(Named(Checkout, one));
                await world.ServesAsync(Checkout, "one");
                world.Sidecar.Publish(Named("changed" + Suffix, two));
                Assert.Equal("200 two", Told(await world.GetAsync("changed" + Suffix)));
            });
        }

        // An Envoy asks for no clusters again while one of them warms, whoever comes back to it.
        await load.NoneFailsAsync("the other control plane takes back what warms for ever", async () =>
        {
            await world.Foreign.DropAsync(Warming);
            await Eventually(() => WarmingAsync(world), 0);
        });
        await load.NoneFailsAsync("the other control plane ends and comes back", async () =>
        {
            await world.Foreign.RestartAsync(async () =>
            {
                world.Sidecar.Publish(Named("alone" + Suffix, two));
                Assert.Equal("200 two", Told(await world.GetAsync("alone" + Suffix)));
            });

            // Whoever takes its next push has come back to it.
            await world.Foreign.SetAsync(ForeignBootstrap.Local(ForeignBootstrap.Own, one, Timeout + 100));
            await world.AppliedAsync(Timeout + 100);
            world.Sidecar.Publish(Named(Checkout, two));
            await world.ServesAsync(Checkout, "two");
            Assert.Equal("200 two", Told(await world.GetAsync("alone" + Suffix)));
        });
    }

    private static async Task EndsAsync(OnDemandWorld world, RequestLoad load)
    {
        foreach (var (reason, flags) in new[]
        {
            (Reasons.Absent, "UH"), (Reasons.Denied, "UDO"), (Reasons.Expired, "UH"),
            (Reasons.Refused, "UH"),
        })
        {
            await load.MayFailAsync($"{Checkout}: 503", async () =>
            {
                world.Sidecar.Publish(Ended(Checkout, reason, wasServed: true));
                await world.RefusesAsync(Checkout, reason, flags);
            });
            await load.MayFailAsync($"{Checkout}: 503", async () =>
            {
                world.Sidecar.Publish(Named(Checkout, world.Ports.One));
                await world.ServesAsync(Checkout, "one");
            });
        }

        await load.MayFailAsync($"{Checkout}: 503 no healthy upstream", async () =>
        {
            world.Sidecar.Publish(Named(Checkout));
            await world.RefusesAsync(Checkout, "-", "UH");
            world.Sidecar.Publish(Named(Checkout, world.Ports.Two));
            await world.ServesAsync(Checkout, "two");
        });
        await load.MayFailAsync($"{Checkout}: 503 upstream connect error", async () =>
        {
            world.Sidecar.Publish(Named(Checkout, NobodyListens));
            await world.RefusesAsync(Checkout, "-", "UF");
            world.Sidecar.Publish(Named(Checkout, world.Ports.Two));
            await world.ServesAsync(Checkout, "two");
        });
        await load.NoneFailsAsync("after all that", () => load.AnsweredByAsync("two"));
    }

    // What each stream is for.
    private static string StreamsOf(OnDemandWorld world) =>
        string.Join(' ', world.Sidecar.Streams.Select(stream => stream.Service).Order(StringComparer.Ordinal));

    private static (string Sent, string Acked) ClusterVersion(OnDemandWorld world) => VersionOf(world, "cds delta");

    private static (string Sent, string Acked) VersionOf(OnDemandWorld world, string service)
    {
        var type = world.Sidecar.Streams.Single(stream => stream.Service == service).Types.Single();
        return (type.SentVersion, type.AckedVersion);
    }

    private static async Task RefusedAsync(OnDemandWorld world, string host, string reason, string flags)
    {
        var reply = await world.GetAsync(host);
        Assert.Equal((503, reason, flags), (reply.Status, reply.Reason, reply.Flags));
        Assert.InRange(reply.After, TimeSpan.Zero, AtOnce);
    }

    private static Task Eventually(Func<Task<long>> read, long wanted) => TestKit.Processes.Eventually.HoldsAsync(
        read, value => value == wanted, TimeSpan.FromMinutes(2), Cancellation);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Told(Reply reply) => $"{reply.Status} {reply.Body}";
}
