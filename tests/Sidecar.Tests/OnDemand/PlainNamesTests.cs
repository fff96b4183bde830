using System.Net.Sockets;
using System.Text;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Fairlead.Xds;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>
/// The newest Envoy asks by plain names, for HTTP and for TCP; older ones take the answer to the first name of a source
/// alone.
/// </summary>
public sealed class PlainNamesTests(ITestOutputHelper output)
{
    private const string Cart = "cart" + Suffix;
    private const string Silent = "silent" + Suffix;

    // What a loaded machine may take beyond the sidecar's time for a first answer; and what a quiet one was seen to.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Before its first answer an Envoy asks for no second name, and only one of the first name is an answer:
    /// neither an empty response nor another cluster.</summary>
    [Fact]
    public Task FirstName_OfWhichNothingIsKnown_HoldsNoOther() => RunAsync(Slack);

    /// <summary>Within a second where the machine is at hand.</summary>
    [Fact(Explicit = true)]
    public Task FirstName_OfWhichNothingIsKnown_IsAnsweredWithinASecond() => RunAsync(Seen.Within(Quiet));

    private async Task RunAsync(TimeSpan slack)
    {
        var bound = XdsLimits.Default.FirstAnswer + slack;
        await using var world = await StartAsync(
            isOldest: false, isDelta: true, isAuthority: false, imports: [], isPlain: true);
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        var silent = world.GetAsync(Silent);
        await world.WantedAsync(Silent);
        var second = await world.GetAsync(Cart);
        Assert.Equal((200, "two"), (second.Status, second.Body));
        var first = await silent;
        Assert.Equal((503, "UH"), (first.Status, first.Flags));
        output.WriteLine($"first after {first.After}, second after {second.After}, {bound} allowed");
        Assert.InRange(first.After, TimeSpan.Zero, bound);
        Assert.InRange(second.After, TimeSpan.Zero, bound);
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
    public Task TcpProxy_AsksForItsCluster_AndFollowsIt() => RunTcpAsync(isOldest: false, isDelta: true);

    [Theory(Explicit = true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public Task TcpProxy_BesideEither_AsksForItsCluster_AndFollowsIt(bool isOldest, bool isDelta) =>
        RunTcpAsync(isOldest, isDelta);

    private static async Task RunTcpAsync(bool isOldest, bool isDelta)
    {
        await using var world = await StartAsync(
            isOldest, isDelta, isAuthority: false, imports: [], tcp: Cart + ":80");
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
        () => AskAsync(world), got => got == body, TimeSpan.FromMinutes(2), Cancellation);

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
