using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>An Envoy whose bootstrap has <c>node_context_params</c>: all its locators say of which node it is, those of
/// the collection and of each cluster, and it takes none that do not.</summary>
public sealed class ContextTests
{
    private const string Cart = "cart" + Suffix;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Collection_OfANode_IsServed_OverARestart(bool isOldest, bool isAuthority)
    {
        await using var world = await StartAsync(
            isOldest, isDelta: true, isAuthority, [Checkout, Secure], hasContext: true);
        Assert.Equal((200, "one"), await AnswerAsync(world, Checkout));
        Assert.Equal((200, "secure"), await AnswerAsync(world, Secure));
        await ShowsAsync(world, ClusterNames.Glob + ForeignBootstrap.Context);
        await using var load = new RequestLoad(
            world.Envoy.Listeners[0], Cancellation, Checkout, Secure, ForeignBootstrap.OwnHost);
        await load.NoneFailsAsync("a name is added, one changes, and one is not there", async () =>
        {
            world.Sidecar.Publish(
                Named(Cart, world.Ports.Two), Ended("absent" + Suffix, Reasons.Absent, wasServed: false));
            Assert.Equal((200, "two"), await AnswerAsync(world, Cart));
            Assert.Equal((503, "no healthy upstream"), await AnswerAsync(world, "absent" + Suffix));
            world.Sidecar.Publish(Named(Checkout, world.Ports.Two));
            await world.ServesAsync(Checkout, "two");
        });
        await load.NoneFailsAsync("the sidecar ends and comes back, knowing nothing at first", async () =>
        {
            await world.Sidecar.StopAsync();
            Assert.Equal((200, "two"), await AnswerAsync(world, Cart));
            await world.Sidecar.StartAsync(isAnswering: false);
            await ShowsAsync(world, ClusterNames.Located(Cart, ForeignBootstrap.Context));
            world.Sidecar.Time.Advance(Hold);
            Assert.Equal((200, "two"), await AnswerAsync(world, Cart));
            world.Sidecar.Answer();
            world.Sidecar.Publish(Named(Checkout, world.Ports.One), Named(Cart, world.Ports.One));
            await world.ServesAsync(Checkout, "one");
            await world.ServesAsync(Cart, "one");
        });
        await load.NoneFailsAsync("a name is asked for after it", async () =>
        {
            world.Sidecar.Publish(Named("after" + Suffix, world.Ports.Two));
            Assert.Equal((200, "two"), await AnswerAsync(world, "after" + Suffix));
        });
        Assert.All(world.Sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
    }

    private static async Task<(int Status, string Body)> AnswerAsync(OnDemandWorld world, string host) =>
        await world.GetAsync(host) is var reply ? (reply.Status, reply.Body) : default;

    private static Task ShowsAsync(OnDemandWorld world, string name) => world.StreamsShowAsync(
        streams => streams.SelectMany(stream => stream.Types).Any(type => type.Names.Contains(name)));
}
