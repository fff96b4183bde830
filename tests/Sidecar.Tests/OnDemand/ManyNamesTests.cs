using System.Collections.Immutable;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>Two thousand names of ten endpoints each, one by one and under requests, and as many hosts that are
/// nobody's; and one name of as many endpoints.</summary>
public sealed class ManyNamesTests
{
    private const int Names = 2_000;
    private const int Endpoints = 10;
    private const int AtOnce = 20;

    [Theory(Explicit = true)]
    [InlineData(false, true, false)]
    [InlineData(true, true, false)]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, false, true)]
    [InlineData(true, false, true)]
    public async Task TwoThousandClusters_OfTwentyThousandEndpoints_AreServed(
        bool isOldest, bool isDelta, bool isAuthority)
    {
        await using var world = await StartAsync(isOldest, isDelta, isAuthority, [Checkout, Secure]);
        Assert.Equal(200, (await world.GetAsync(Checkout)).Status);
        await using var load = new RequestLoad(
            world.Envoy.Listeners[0], Cancellation, Checkout, Secure, ForeignBootstrap.OwnHost);
        world.Sidecar.Publish([.. Enumerable.Range(0, Names).Select(i => Wide(i, world.Ports.One))]);
        await load.NoneFailsAsync("they are asked for", () => EachAsync(
            async i => Assert.Equal("200 one", await ToldAsync(world, NameOf(i)))));
        await load.NoneFailsAsync("all of them change", async () =>
        {
            world.Sidecar.Publish([.. Enumerable.Range(0, Names).Select(i => Wide(i, world.Ports.Two))]);
            await EachAsync(i => world.ServesAsync(NameOf(i), "two"));
        });
        // By the state of the world that takes ours away, all of them: until they are back requests may wait too long.
        await load.MayFailAsync(isDelta || isAuthority ? "none may" : ": 503 ", async () =>
        {
            await world.Foreign.SetAsync(ForeignBootstrap.Local(ForeignBootstrap.Own, world.Ports.One, 300));
            await world.AppliedAsync(300);
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

    /// <summary>All behind one name, three megabytes of them in one message.</summary>
    [Theory(Explicit = true)]
    [InlineData(false, true, false)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    [InlineData(false, false, true)]
    [InlineData(true, false, true)]
    public async Task TwentyThousandEndpoints_OfOneCluster_AreServed(bool isOldest, bool isDelta, bool isAuthority)
    {
        await using var world = await StartAsync(isOldest, isDelta, isAuthority, [Checkout, Secure]);
        Assert.Equal(200, (await world.GetAsync(Checkout)).Status);
        await using var load = new RequestLoad(
            world.Envoy.Listeners[0], Cancellation, Checkout, Secure, ForeignBootstrap.OwnHost);
        var statistic = $"cluster.{NameOf(0)}_80.membership_total";
        foreach (var (step, port, body) in new[]
        {
            ("they come", world.Ports.One, "one"), ("one of them changes", world.Ports.Two, "two"),
        })
        {
            await load.NoneFailsAsync(step, async () =>
            {
                world.Sidecar.Publish(Wide(0, port, 20_000));
                await world.ServesAsync(NameOf(0), body);
                Assert.Equal(20_000, await world.Envoy.KnownStatAsync(statistic, Cancellation));
            });
        }

        await load.NoneFailsAsync("the sidecar comes back", async () =>
        {
            await world.Sidecar.StopAsync();
            Assert.Equal("200 two", await ToldAsync(world, NameOf(0)));
            await world.Sidecar.StartAsync();
            world.Sidecar.Publish(Wide(0, world.Ports.One, 20_000));
            await world.ServesAsync(NameOf(0), "one");
        });
        await load.NoneFailsAsync("all but one leave", async () =>
        {
            world.Sidecar.Publish(Wide(0, world.Ports.Two, 1));
            await world.ServesAsync(NameOf(0), "two");
            Assert.Equal(1, await world.Envoy.KnownStatAsync(statistic, Cancellation));
        });
        Assert.All(world.Sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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
    private static ServedName Wide(int i, int port, int endpoints = Endpoints)
    {
        var name = Named(NameOf(i), port);
        return name with
        {
            Endpoints = name.Endpoints.AddRange(Enumerable.Range(1, endpoints - 1).Select(k => new ServedEndpoint(
                $"127.{9 + (k / 200)}.{i % 200}.{1 + (k % 200)}", ImmutableArray.Create(port), "us1", "a", 1,
                ServedHealth.Unready))),
        };
    }
}
