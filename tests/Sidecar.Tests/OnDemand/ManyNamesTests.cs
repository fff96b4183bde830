using System.Collections.Immutable;
using Fairlead.Sidecar.Translation;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>Two thousand names of ten endpoints each, one by one and under requests, and as many hosts that are
/// nobody's.</summary>
public sealed class ManyNamesTests
{
    private const int Names = 2_000;
    private const int Endpoints = 10;
    private const int AtOnce = 20;

    [Theory(Explicit = true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task TwoThousandClusters_OfTwentyThousandEndpoints_AreServed(bool isOldest, bool isAuthority)
    {
        await using var world = await StartAsync(isOldest, isDelta: true, isAuthority, [Checkout, Secure]);
        Assert.Equal(200, (await world.GetAsync(Checkout)).Status);
        await using var load = new RequestLoad(world.Envoy.Listeners[0], Checkout, Secure, ForeignBootstrap.OwnHost);
        world.Sidecar.Publish([.. Enumerable.Range(0, Names).Select(i => Wide(i, world.Ports.One))]);
        await load.NoneFailsAsync("they are asked for", () => EachAsync(
            async i => Assert.Equal("200 one", await ToldAsync(world, NameOf(i)))));
        await load.NoneFailsAsync("all of them change", async () =>
        {
            world.Sidecar.Publish([.. Enumerable.Range(0, Names).Select(i => Wide(i, world.Ports.Two))]);
            await EachAsync(i => world.ServesAsync(NameOf(i), "two"));
        });
        await load.NoneFailsAsync("the sidecar comes back", async () =>
        {
            await world.Sidecar.StopAsync();
            await world.Sidecar.StartAsync();
            world.Sidecar.Publish([.. Enumerable.Range(0, Names).Select(i => Wide(i, world.Ports.One))]);
            await EachAsync(i => world.ServesAsync(NameOf(i), "one"));
        });
        await load.NoneFailsAsync("hosts that are nobody's", async () =>
        {
            await EachAsync(async i =>
            {
                world.Sidecar.Publish(Ended($"random-{i}{Suffix}", Reasons.Absent, wasServed: false));
                Assert.Equal("503 no healthy upstream", await ToldAsync(world, $"random-{i}{Suffix}"));
            });
            await EachAsync(async i => Assert.Equal("200 one", await ToldAsync(world, NameOf(i))));
        });
    }

    private static async Task EachAsync(Func<int, Task> act)
    {
        for (var i = 0; i < Names; i += AtOnce)
        {
            await Task.WhenAll(Enumerable.Range(i, AtOnce).Select(act));
        }
    }

    private static async Task<string> ToldAsync(OnDemandWorld world, string host)
    {
        var reply = await world.GetAsync(host);
        return $"{reply.Status} {reply.Body}";
    }

    private static string NameOf(int i) => $"n{i}{Suffix}";

    // One of the endpoints is there; the others are known not to be ready.
    private static ServedName Wide(int i, int port)
    {
        var name = Named(NameOf(i), port);
        return name with
        {
            Endpoints = name.Endpoints.AddRange(Enumerable.Range(1, Endpoints - 1).Select(k => new ServedEndpoint(
                $"127.9.{i % 200}.{k}", ImmutableArray.Create(port), "us1", "a", 1, ServedHealth.Unready))),
        };
    }
}
