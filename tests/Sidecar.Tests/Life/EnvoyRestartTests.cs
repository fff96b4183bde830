using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Fairlead.Xds;
using static Fairlead.Sidecar.Tests.Life.LifeWorld;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>
/// A real Envoy of the sidecar's own, under load, when the sidecar ends and comes back and resolves nothing for a
/// while, with what it had on the disk or without: it goes on with what it has, and follows what comes then.
/// </summary>
public sealed class EnvoyRestartTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An empty answer of the state of the world would take all from it.</summary>
    [Fact]
    public Task NewestEnvoy_ByStateOfTheWorld_GoesOn_WhileNothingIsKnown() =>
        RunAsync(isOldest: false, isDelta: false, isPerType: false, isStateLost: true);

    [Theory(Explicit = true)]
    [InlineData(false, false, false, false)]
    [InlineData(false, false, true, false)]
    [InlineData(false, false, true, true)]
    [InlineData(false, true, false, false)]
    [InlineData(false, true, false, true)]
    [InlineData(false, true, true, false)]
    [InlineData(false, true, true, true)]
    [InlineData(true, false, false, false)]
    [InlineData(true, false, false, true)]
    [InlineData(true, false, true, false)]
    [InlineData(true, false, true, true)]
    [InlineData(true, true, false, false)]
    [InlineData(true, true, false, true)]
    [InlineData(true, true, true, false)]
    [InlineData(true, true, true, true)]
    public Task Envoy_GoesOn_WhileNothingIsKnown(bool isOldest, bool isDelta, bool isPerType, bool isStateLost) =>
        RunAsync(isOldest, isDelta, isPerType, isStateLost);

    private static async Task RunAsync(bool isOldest, bool isDelta, bool isPerType, bool isStateLost)
    {
        // Not with active health checks, which an endpoint that takes the place of all others has yet to pass.
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta, ClusterSettings.Default, isPerType);
        await world.AnswersAsync(Strict, 200, "one");
        await world.AnswersAsync(Other, 200, "one");
        await using var load = new RequestLoad(world.Envoy.Listeners[0], Cancellation, Strict, Other);
        await load.NoneFailsAsync("the sidecar ends and comes back, knowing nothing at first", async () =>
        {
            await RestartAsync(world, isStateLost);

            // Of nobody it is said that he is waited for in vain, nor is anybody left out who is not known yet.
            world.Sidecar.EndPatience();
            world.Sidecar.Time.Advance(OnDemandWorld.Hold);
            var sent = load.Sent;
            await Eventually.HoldsAsync(
                () => Task.FromResult(load.Sent), now => now > sent + 300, Patience, Cancellation);
        });
        await load.NoneFailsAsync("it knows again", async () =>
        {
            // With its patience over, and no state, the first name that it knows is all that it tells of.
            if (isStateLost)
            {
                await RestartAsync(world, isStateLost);
            }

            world.Sidecar.Answer();
            world.Sidecar.Publish(OnDemandWorld.Named(Other, world.Ports.Two));
            await world.AnswersAsync(Other, 200, "two");
            await world.ToldAsync(OnDemandWorld.Named(Strict, world.Ports.Two));
            await world.AnswersAsync(Strict, 200, "two");
        });
        Assert.All(world.Sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
    }

    // Until the Envoy is back with all that it asked for.
    private static async Task RestartAsync(LifeWorld world, bool isStateLost)
    {
        var before = Asked(world);
        await world.Sidecar.StopAsync();
        if (isStateLost)
        {
            world.Sidecar.LoseState();
        }

        await world.Sidecar.StartAsync(isAnswering: false);
        await Eventually.HoldsAsync(
            () => Task.FromResult(Asked(world)), asked => asked == before, Patience, Cancellation);
    }

    // What its streams ask for.
    private static string Asked(LifeWorld world) => string.Join(' ', world.Sidecar.Streams
        .SelectMany(stream => stream.Types).Where(type => type.Type != ResourceType.Secret)
        .Select(type => $"{type.Type}:{string.Join(',', type.Names)}").Order(StringComparer.Ordinal));
}
