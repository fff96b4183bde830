using System.Text;
using Fairlead.Configuration;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Http;
using static Fairlead.Sidecar.Tests.Life.LifeWorld;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>
/// Which endpoints that fail requests a real Envoy leaves where the configuration asks for it and says no more: in
/// small clusters too, and never the only one.
/// </summary>
public sealed class EnvoyEjectionTests
{
    private const string Refusal = "bad";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task NewestEnvoy_LeavesWhatFails_ButNotAll() => RunAsync(isOldest: false);

    [Fact(Explicit = true)]
    public Task OldestEnvoy_LeavesWhatFails_ButNotAll() => RunAsync(isOldest: true);

    /// <summary>Envoy's own default, of a cluster of three.</summary>
    [Theory(Explicit = true)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Envoy_LeavesNothing_OfWhichOneIsMoreThanItsShare(bool isOldest)
    {
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta: true, Read("failures: 2, share_max: 10"));
        await using var bad = await Backend.StartAsync(RefuseAsync);
        var (one, two, _) = world.Ports;
        world.Sidecar.Publish(OnDemandWorld.Named(Other, one, two, bad.Port));
        await world.AnswersAsync(Other, 503, Refusal);
        await AsksUntilAsync(world, Other, "ejections_overflow", 2);
        Assert.Equal(0, await StatAsync(world, Other, "ejections_active"));
    }

    /// <summary>One that refuses connections stays left, though the sidecar says all the time that it is served.
    /// </summary>
    [Fact]
    public Task NewestEnvoy_LeavesWhatRefusesConnections_OfAStrictName() => RunTcpAsync(isOldest: false);

    [Fact(Explicit = true)]
    public Task OldestEnvoy_LeavesWhatRefusesConnections_OfAStrictName() => RunTcpAsync(isOldest: true);

    private static ClusterSettings Read(string outliers) => ClusterOptions.Read(ConfigurationFile.Parse(
        "clusters.yaml", "/", Encoding.UTF8.GetBytes($"outliers: {{{outliers}}}"),
        new Dictionary<string, string>()).Root);

    private static async Task RunAsync(bool isOldest)
    {
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta: true, Read("failures: 2"));
        await using var bad = await Backend.StartAsync(RefuseAsync);
        await using var worse = await Backend.StartAsync(RefuseAsync);
        var (one, two, _) = world.Ports;
        await world.AnswersAsync(Strict, 200, "one");

        world.Sidecar.Publish(OnDemandWorld.Named(Other, one, two, bad.Port));
        await AsksUntilAsync(world, Other, "ejections_active", 1);
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal(200, (await world.GetAsync(Other)).Status);
        }

        // Half of them at most: with no endpoint a name answers nothing, whatever the last one would.
        world.Sidecar.Publish(OnDemandWorld.Named(Strict, bad.Port, worse.Port));
        await AsksUntilAsync(world, Strict, "ejections_active", 1);
        await RefusesAsync(world, Strict, 2);
        world.Sidecar.Publish(OnDemandWorld.Named(Other, worse.Port));
        await world.AnswersAsync(Other, 503, Refusal);
        await RefusesAsync(world, Other, 2);
        Assert.Equal(0, await StatAsync(world, Other, "ejections_active"));
    }

    private static async Task RunTcpAsync(bool isOldest)
    {
        await using var world = await TcpWorld.StartAsync(
            isOldest, isDelta: true, TcpWay.Aggregated, isSecure: false, Read("failures: 2").Outliers);
        Task<long> StatAsync(string stat) => world.Envoy.KnownStatAsync($"cluster.{Strict}_80.{stat}", Cancellation);
        await using var open = await world.OpenAsync(Strict);
        var name = world.Strictly(0);
        world.Sidecar.Publish(name with
        {
            Endpoints = [.. name.Endpoints, name.Endpoints[0] with { Ports = [1] }],
        });
        await Eventually.HoldsAsync(
            async () =>
            {
                await using var tried = await world.TryOpenAsync(Strict);
                return await StatAsync("outlier_detection.ejections_active");
            },
            active => active == 1, Patience, Cancellation);
        var asked = await StatAsync("health_check.success");
        await Eventually.HoldsAsync(
            () => StatAsync("health_check.success"), now => now >= asked + 6, Patience, Cancellation);
        Assert.Equal(1, await StatAsync("outlier_detection.ejections_active"));
        for (var i = 0; i < 6; i++)
        {
            await using var opened = await world.TryOpenAsync(Strict);
            Assert.NotNull(opened);
        }
    }

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(Refusal);
    }

    private static Task AsksUntilAsync(LifeWorld world, string name, string stat, int count) => Eventually.HoldsAsync(
        async () =>
        {
            await world.GetAsync(name);
            return await StatAsync(world, name, stat);
        },
        seen => seen >= count, Patience, Cancellation);

    // Asks until so many would have been left, had there been no bound, and an endpoint has answered all.
    private static Task RefusesAsync(LifeWorld world, string name, int count) => Eventually.HoldsAsync(
        async () =>
        {
            Assert.Equal((503, Refusal), await world.GetAsync(name));
            return await StatAsync(world, name, "ejections_overflow");
        },
        overflow => overflow >= count, Patience, Cancellation);

    private static Task<long> StatAsync(LifeWorld world, string name, string stat) =>
        world.Envoy.KnownStatAsync($"cluster.{name}_80.outlier_detection.{stat}", Cancellation);
}
