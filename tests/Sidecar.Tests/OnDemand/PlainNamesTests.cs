using System.Net.Sockets;
using System.Text;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>
/// The newest Envoy asks by plain names, for HTTP and for TCP; older ones take the answer to the first name of a source
/// alone.
/// </summary>
public sealed class PlainNamesTests
{
    private const string Cart = "cart" + Suffix;
    private const string Silent = "silent" + Suffix;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Before its first answer an Envoy asks for no second name, and only one of the first name is an answer:
    /// neither an empty response nor another cluster.</summary>
    [Fact]
    public async Task FirstName_OfWhichNothingIsKnown_HoldsNoOther()
    {
        await using var world = await StartAsync(
            isOldest: false, isDelta: true, isAuthority: false, imports: [], isPlain: true);
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        var silent = world.GetAsync(Silent);
        await world.WantedAsync(Silent);
        var second = await world.GetAsync(Cart);
        Assert.Equal((200, "two"), (second.Status, second.Body));
        Assert.InRange(second.After, TimeSpan.Zero, TimeSpan.FromSeconds(4));
        var first = await silent;
        Assert.Equal((503, "UH"), (first.Status, first.Flags));
        world.Sidecar.Time.Advance(Hold);
        await world.RefusesAsync(Silent, Reasons.Pending, "UH");
        world.Sidecar.Publish(Named(Silent, world.Ports.One));
        await world.ServesAsync(Silent, "one");

        world.Sidecar.Publish(Ended(Cart, Reasons.Denied, wasServed: true));
        await world.RefusesAsync(Cart, Reasons.Denied, "UDO");
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.ServesAsync(Cart, "one");
    }

    [Fact]
    public async Task TcpProxy_AsksForItsCluster_AndFollowsIt()
    {
        await using var world = await StartAsync(
            isOldest: false, isDelta: true, isAuthority: false, imports: [], tcp: Cart + ":80");
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        Assert.Equal("one", await AskAsync(world));
        Assert.Equal(1, await world.Envoy.StatAsync("tcp.tcp.on_demand_cluster_success", Cancellation));
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await UntilAsync(world, "two");

        world.Sidecar.Publish(Ended(Cart, Reasons.Absent, wasServed: true));
        await UntilAsync(world, "");
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await UntilAsync(world, "one");
    }

    private static Task UntilAsync(OnDemandWorld world, string body) => Eventually.HoldsAsync(
        () => AskAsync(world), got => got == body, TimeSpan.FromMinutes(1), Cancellation);

    // A connection of its own, since one that is open outlives every change. What ends without an answer is "".
    private static async Task<string> AskAsync(OnDemandWorld world)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(world.Envoy.Listeners[1], Cancellation);
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), Cancellation);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            var answer = await reader.ReadToEndAsync(Cancellation);
            return answer.Contains("one", StringComparison.Ordinal) ? "one"
                : answer.Contains("two", StringComparison.Ordinal) ? "two" : "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
