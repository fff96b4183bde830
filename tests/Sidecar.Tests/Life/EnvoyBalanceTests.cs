using System.Net;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Http;
using static Fairlead.Sidecar.Tests.Life.LifeWorld;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>
/// Among which endpoints a real Envoy divides requests: overprovisioning between priorities, weights of localities,
/// nothing to those that are not ready, and at once when that changes.
/// </summary>
public sealed class EnvoyBalanceTests(ITestOutputHelper output)
{
    private const int Requests = 600;

    private static readonly ClusterSettings Here = new() { Place = new PodPlace("us1", "a") };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    [InlineData(false, false, true)]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    public async Task Requests_GoWhereTheyShould(bool isOldest, bool isDelta, bool isPerType)
    {
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta, Here, isPerType);
        await using var another = await Backend.StartAsync(context => context.Response.WriteAsync("one"));
        await world.AnswersAsync(Other, 200, "one");
        await FailoverAsync(world, another.Port);
        await WeightsAsync(world);
        await HealthAsync(world);
        await RefusedAsync(world);
        await ReasonsAsync(world);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Name_ThatEnded_OrNobodyKnows_IsAnsweredByItsReason(bool isOldest)
    {
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta: true, Here);
        await world.AnswersAsync(Strict, 200, "one");
        await ReasonsAsync(world);
    }

    // Another name under 200 requests a second, of which none fails.
    private static async Task ReasonsAsync(LifeWorld world)
    {
        await using var load = new RequestLoad(world.Envoy.Listeners[0], Cancellation, Strict);
        foreach (var (reason, status, body) in new[]
        {
            (Reasons.Absent, 404, ""), (Reasons.Denied, 403, ""), (Reasons.Unreachable, 502, ""),
            (Reasons.Refused, 502, ""), (Reasons.Expired, 504, ""), (Reasons.NoBundle, 503, "no healthy upstream"),
        })
        {
            await load.NoneFailsAsync(reason, async () =>
            {
                world.Sidecar.Publish(ServedName.Without(Other, reason, OnDemandWorld.Named(Other).Ports));
                await world.AnswersAsync(Other, status, body);
                world.Sidecar.Publish(OnDemandWorld.Named(Other, world.Ports.Two));
                await world.AnswersAsync(Other, 200, "two");
            });
        }

        await load.NoneFailsAsync("a name that nobody knows", async () =>
            Assert.Equal(404, (await world.GetAsync("nobody.shop.svc.us1.internal")).Status));
    }

    // Four of the pod's zone before one that is far. At 140 % two of four take 70 % of the load, one takes 35 %.
    private async Task FailoverAsync(LifeWorld world, int another)
    {
        var (one, two, _) = world.Ports;
        foreach (var (healthy, share) in new[] { (2, 70), (1, 35), (0, 0) })
        {
            await ServesAsync(world, [
                Endpoint(one, "a", isReady: healthy > 0), Endpoint(another, "a", isReady: healthy > 1),
                Endpoint(1, "a", isReady: false), Endpoint(2, "a", isReady: false), Endpoint(two, "far")]);
            var near = await ShareAsync(world, "one");
            output.WriteLine($"{healthy} of 4 near are ready: {near:f1} % stay near, {share} % are due");
            Assert.InRange(near, share - 9, share + 9);
        }

        // What is removed counts for nothing: the one that is left takes all.
        await ServesAsync(world, [Endpoint(one, "a"), Endpoint(two, "far")]);
        Assert.Equal(100, await ShareAsync(world, "one"));
    }

    // One of weight 1 here, there one of weight 1 beside one of weight 19 that is not ready: by localities 1 to 14, by
    // endpoints 1 to 1.
    private async Task WeightsAsync(LifeWorld world)
    {
        var (one, two, _) = world.Ports;
        await ServesAsync(world, [
            Endpoint(one, "b"), Endpoint(two, "c"), Endpoint(1, "c", isReady: false) with { Weight = 19 }]);
        var share = await ShareAsync(world, "one");
        output.WriteLine($"locality of weight 1 beside one of 20, half of it ready: {share:f1} %, 6.7 % are due");
        Assert.InRange(share, 1, 14);
    }

    // Below the default panic threshold an Envoy would use them all the same; and before 1.40 it would take a second
    // change a second late.
    private async Task HealthAsync(LifeWorld world)
    {
        var (one, two, _) = world.Ports;
        await ServesAsync(world, [Endpoint(one, "a"), Endpoint(two, "a")]);
        for (var i = 0; i < 5; i++)
        {
            await ServesAsync(world, [Endpoint(one, "a", isReady: i % 2 == 0), Endpoint(two, "a", isReady: i % 2 > 0)]);
            Assert.Equal(i % 2 == 0 ? 100 : 0, await ShareAsync(world, "one", 20));
        }

        Assert.Equal(0, await world.Envoy.KnownStatAsync("cluster_manager.cluster_updated_via_merge", Cancellation));
        await ServesAsync(world, [Endpoint(one, "a", isReady: false), Endpoint(two, "a", isReady: false)]);
        Assert.Equal((503, "no healthy upstream"), await world.GetAsync(Other));
    }

    private static async Task RefusedAsync(LifeWorld world)
    {
        await ServesAsync(world, [Endpoint(1, "a")]);
        var (status, body) = await world.GetAsync(Other);
        Assert.Equal(503, status);
        Assert.StartsWith("upstream connect error or disconnect/reset before headers", body, StringComparison.Ordinal);
    }

    private static ServedEndpoint Endpoint(int port, string zone, bool isReady = true) => new(
        IPAddress.Loopback.ToString(), [port], zone == "far" ? "us2" : "us1", zone, 1,
        isReady ? ServedHealth.Healthy : ServedHealth.Unready);

    // Published, and taken by the Envoy.
    private static async Task ServesAsync(LifeWorld world, ServedEndpoint[] endpoints)
    {
        Task<long> Updates() => world.Envoy.StatAsync($"cluster.{Other}_80.update_success", Cancellation);
        var before = await Updates();
        world.Sidecar.Publish(OnDemandWorld.Named(Other) with { Endpoints = [.. endpoints] });
        await Eventually.HoldsAsync(Updates, seen => seen > before, Patience, Cancellation);
    }

    private static async Task<double> ShareAsync(LifeWorld world, string body, int requests = Requests)
    {
        var count = 0;
        for (var i = 0; i < requests; i++)
        {
            var (status, got) = await world.GetAsync(Other);
            Assert.Equal(200, status);
            count += got == body ? 1 : 0;
        }

        return 100.0 * count / requests;
    }
}
