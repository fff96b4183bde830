using Fairlead.TestKit.Processes;
using static Fairlead.Sidecar.Tests.Life.LifeWorld;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>
/// A real Envoy of the sidecar's own by delta, when a reload of the configuration drops an import: its route goes, then
/// its cluster, and it is never told to be absent; all others are served on. It may come back.
/// </summary>
public sealed class ImportEndsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Import_ThatGoes_TakesNoOtherWithIt(bool isOldest)
    {
        await using var world = await StartAsync(isOldest, isDelta: true);
        await world.AnswersAsync(Strict, 200, "one");
        await using var load = new RequestLoad(world.Envoy.Listeners[0], Cancellation, Other);
        for (var i = 0; i < 3; i++)
        {
            await load.NoneFailsAsync("an import goes", async () =>
            {
                world.Sidecar.Import(Other, Bounded, Unbounded);
                await LeavesAsync(world);
                await GoneAsync(world);
                await Eventually.HoldsAsync(
                    () => Task.FromResult(world.Sidecar.Wanted.Contains(Strict)), isWanted => !isWanted, Patience,
                    Cancellation);
            });
            await load.NoneFailsAsync("it comes back", async () =>
            {
                world.Sidecar.Import(Strict, Other, Bounded, Unbounded);
                await world.AnswersAsync(Strict, 200, "one");
            });
        }

        // No route ever led to a cluster that was gone.
        Assert.Equal(0, await world.Envoy.KnownStatAsync("http.outbound.no_cluster", Cancellation));
        Assert.All(world.Sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
    }

    // It is served to its end; then there is no route, which nobody gives a reason for.
    private static Task LeavesAsync(LifeWorld world) => Eventually.HoldsAsync(
        async () =>
        {
            var (status, body, headers) = await world.Envoy.GetWithHeadersAsync(Strict, Cancellation);
            Assert.Contains(((int)status, body), new[] { (200, "one"), (404, "") });
            Assert.DoesNotContain("fairlead-reason", status == System.Net.HttpStatusCode.OK ? [] : headers.Keys);
            return (int)status;
        },
        status => status == 404, Patience, Cancellation);

    private static Task GoneAsync(LifeWorld world) => Eventually.HoldsAsync(
        () => world.Envoy.AdminAsync("/clusters", Cancellation),
        all => !all.Contains($"{Strict}:80::", StringComparison.Ordinal), Patience, Cancellation);
}
