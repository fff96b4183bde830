using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>
/// An Envoy of another control plane whose clusters on demand come by their locators on the stream of our authority, as
/// their endpoints do: one stream for all, whose new names wait while any cluster warms.
/// </summary>
public sealed class AuthorityNamesTests
{
    private const string Cart = "cart" + Suffix;
    private const string Late = "late" + Suffix;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Envoy_OfOneStreamForAll_IsServed(bool isOldest)
    {
        await using var world = await StartAsync(
            isOldest, isDelta: true, isAuthority: true, imports: [Checkout], hasSource: false);
        Assert.Equal((200, "one"), await AnswerAsync(world, Checkout));

        // Its bundle comes on a stream of its own, of which no authority is asked.
        Assert.Equal((200, "secure"), await AnswerAsync(world, Secure));
        await using var load = new RequestLoad(
            world.Envoy.Listeners[0], Cancellation, Checkout, Secure, ForeignBootstrap.OwnHost);
        await NamesAsync(world, load);
        await load.NoneFailsAsync("the sidecar ends and comes back, knowing nothing at first", async () =>
        {
            await world.Sidecar.StopAsync();
            Assert.Equal((200, "one"), await AnswerAsync(world, Checkout));
            await world.Sidecar.StartAsync(isAnswering: false);
            await world.StreamsShowAsync(streams => streams.SelectMany(stream => stream.Types).Any(
                type => type.Names.Contains(ClusterNames.Located(Cart))));
            world.Sidecar.Time.Advance(Hold);
            Assert.Equal((200, "two"), await AnswerAsync(world, Cart));
            world.Sidecar.Answer();
            world.Sidecar.Publish(Named(Checkout, world.Ports.Two), Named(Cart, world.Ports.One));
            await world.ServesAsync(Checkout, "two");
            await world.ServesAsync(Cart, "one");
        });
        await load.MayFailAsync($"{Checkout}: 503", async () =>
        {
            world.Sidecar.Publish(Ended(Checkout, Reasons.Denied, wasServed: true));
            await world.RefusesAsync(Checkout, Reasons.Denied, "UDO");
            world.Sidecar.Publish(Named(Checkout, world.Ports.One));
            await world.ServesAsync(Checkout, "one");
        });

        // Bundles have streams of their own; of clusters none has.
        Assert.Equal(
            ["ads delta", "sds delta"], world.Sidecar.Streams.Select(stream => stream.Service).Distinct().Order());
        Assert.Equal(
            ["cds", "eds"],
            world.Sidecar.Streams.Single(stream => stream.Service == "ads delta").Types
                .Select(type => type.Type.ShortName));
        Assert.All(world.Sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
    }

    private static async Task NamesAsync(OnDemandWorld world, RequestLoad load)
    {
        await load.NoneFailsAsync("a name is added, in two spellings, and its endpoints change", async () =>
        {
            world.Sidecar.Publish(Named(Cart, world.Ports.One));
            Assert.Equal((200, "one"), await AnswerAsync(world, Cart));
            Assert.Equal((200, "one"), await AnswerAsync(world, Cart.ToUpperInvariant() + ":80"));
            Assert.Contains(Cart, world.Sidecar.Wanted);
            world.Sidecar.Publish(Named(Cart, world.Ports.Two));
            await world.ServesAsync(Cart, "two");
        });
        await load.NoneFailsAsync("names that are not there, or not for us", async () =>
        {
            var (absent, denied) = ("absent" + Suffix, "denied" + Suffix);
            world.Sidecar.Publish(
                Ended(absent, Reasons.Absent, wasServed: false), Ended(denied, Reasons.Denied, wasServed: false));
            for (var i = 0; i < 2; i++)
            {
                await RefusedAsync(world, absent, Reasons.Absent, "UH");
                await RefusedAsync(world, denied, Reasons.Denied, "UDO");
            }
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
        await load.NoneFailsAsync("a cluster changes, its endpoints do not", async () =>
        {
            world.Sidecar.Publish(world.Securely(isRotated: true) with { StreamMax = TimeSpan.FromMinutes(1) });
            await world.StreamsShowAsync(streams => streams.SelectMany(stream => stream.Types).All(
                type => type.SentVersion == type.AckedVersion));
            await world.ServesAsync(Secure, "secure");
            Assert.Equal(
                0, await world.Envoy.KnownStatAsync($"cluster.{Secure}_80.init_fetch_timeout", Cancellation));
        });
    }

    private static async Task RefusedAsync(OnDemandWorld world, string host, string reason, string flags)
    {
        var reply = await world.GetAsync(host);
        Assert.Equal((503, reason, flags), (reply.Status, reply.Reason, reply.Flags));
    }

    private static async Task<(int Status, string Body)> AnswerAsync(OnDemandWorld world, string host) =>
        await world.GetAsync(host) is var reply ? (reply.Status, reply.Body) : default;
}
