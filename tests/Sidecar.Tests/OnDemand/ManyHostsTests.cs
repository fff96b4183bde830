using System.Globalization;
using Fairlead.Sidecar.Tests.Hosting;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Fairlead.Xds;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>Real Envoys are asked for more hosts of nobody's than the sidecar keeps, and come back with all of them:
/// more than it takes in at once.</summary>
public sealed class ManyHostsTests(ITestOutputHelper output)
{
    private const string Cart = "cart" + Suffix;
    private const int Hosts = 400;
    private const int AtOnce = 20;
    private const int NamesMax = 40;

    // What stands in the collection is sent beyond that.
    private const int Members = 2;

    // More than a node alone, less than a node and the names.
    private const int RequestBytes = 80 << 10;

    private static readonly XdsLimits Few =
        XdsLimits.Default with { NamesMax = NamesMax, NameBytesMax = NamesMax * 200 };

    [Theory(Explicit = true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Envoy_ThatComesBackWithMoreHostsThanAreTakenIn_IsServed(bool isOldest, bool isAuthority)
    {
        using var log = new KeptLog();
        await using var world = await StartAsync(
            isOldest, isDelta: true, isAuthority, [Checkout],
            with: sidecar => (sidecar.Limits, sidecar.RequestBytes, sidecar.Log) = (Few, RequestBytes, log));
        Assert.Equal("one", (await world.GetAsync(Checkout)).Body);
        await using var load = new RequestLoad(
            world.Envoy.Listeners[0], TestContext.Current.CancellationToken, Checkout, ForeignBootstrap.OwnHost);
        await load.NoneFailsAsync("hosts that are nobody's", () => EachAsync(async i =>
        {
            var reply = await world.GetAsync(HostOf(i));
            Assert.Equal((503, Reasons.Absent, "UH"), (reply.Status, reply.Reason, reply.Flags));
        }));
        Assert.InRange(NamesOf(world).Count(), 1, NamesMax);

        for (var i = 0; i < 3; i++)
        {
            await load.NoneFailsAsync("the sidecar comes back", async () =>
            {
                await world.Sidecar.StopAsync();
                await world.Sidecar.StartAsync();
                await world.StreamsShowAsync(_ => NamesOf(world).Contains(ClusterNames.Located(Checkout)));
                world.Sidecar.Publish(Named(Checkout, world.Ports.Two));
                await world.ServesAsync(Checkout, "two");
                world.Sidecar.Publish(Named(Checkout, world.Ports.One));
                await world.ServesAsync(Checkout, "one");
            });
            Assert.InRange(NamesOf(world).Count(), 1, NamesMax + Members);
        }

        await load.NoneFailsAsync("a name is asked for after it", async () =>
        {
            world.Sidecar.Publish(Named(Cart, world.Ports.Two));
            await world.ServesAsync(Cart, "two");
        });
        var leftOut = log.Said.Where(line => line.Contains("too many", StringComparison.Ordinal)).ToList();
        leftOut.ForEach(output.WriteLine);
        Assert.NotEmpty(leftOut);
    }

    private static IEnumerable<string> NamesOf(OnDemandWorld world) => world.Sidecar.Streams
        .SelectMany(stream => stream.Types).Where(type => type.Type == ResourceType.Cluster)
        .SelectMany(type => type.Names);

    private static string HostOf(int i) => string.Create(
        CultureInfo.InvariantCulture, $"{new string('h', 60)}.{new string('o', 60)}.{i}.example");

    private static async Task EachAsync(Func<int, Task> act)
    {
        for (var i = 0; i < Hosts; i += AtOnce)
        {
            await Task.WhenAll(Enumerable.Range(i, AtOnce).Select(act));
        }
    }
}
