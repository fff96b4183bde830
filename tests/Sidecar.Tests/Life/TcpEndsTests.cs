using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using static Fairlead.Sidecar.Tests.Life.TcpWorld;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>
/// Connections of TCP through a real Envoy: to a strict name they end with what they lead to, be it denied, withdrawn,
/// at its end, or with the sidecar lost; to another name they live on whatever happens.
/// </summary>
public sealed class TcpEndsTests(ITestOutputHelper output)
{
    // What a loaded machine takes to do what is due, whatever its load; and what a quiet one was seen to take.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(0.1);

    private TimeSpan _slack = Slack;

    [Fact]
    public Task NewestEnvoy_EndsConnectionsOfAStrictName() =>
        RunAsync(isOldest: false, isDelta: true, TcpWay.Aggregated, isSecure: true);

    [Fact]
    public Task OldestEnvoy_EndsConnectionsOfAStrictName() =>
        RunAsync(isOldest: true, isDelta: false, TcpWay.Aggregated, isSecure: false);

    [Fact]
    public Task OldestForeignEnvoy_ByStreams_EndsConnectionsOfAStrictName() =>
        RunAsync(isOldest: true, isDelta: true, TcpWay.Streams, isSecure: true);

    [Theory(Explicit = true)]
    [InlineData(false, true, TcpWay.ByType, true)]
    [InlineData(false, false, TcpWay.ByType, false)]
    [InlineData(false, false, TcpWay.Aggregated, true)]
    [InlineData(true, true, TcpWay.ByType, true)]
    [InlineData(true, true, TcpWay.Aggregated, true)]
    [InlineData(false, true, TcpWay.Streams, true)]
    [InlineData(false, false, TcpWay.Streams, false)]
    [InlineData(false, true, TcpWay.Authority, true)]
    [InlineData(false, false, TcpWay.Authority, false)]
    [InlineData(true, false, TcpWay.Streams, true)]
    [InlineData(true, true, TcpWay.Streams, false)]
    [InlineData(true, true, TcpWay.Authority, true)]
    [InlineData(true, false, TcpWay.Authority, false)]
    [InlineData(false, true, TcpWay.Named, true)]
    [InlineData(false, false, TcpWay.Named, false)]
    public Task Envoy_EndsConnectionsOfAStrictName(bool isOldest, bool isDelta, TcpWay way, bool isSecure)
    {
        _slack = Seen.Within(Quiet);
        return RunAsync(isOldest, isDelta, way, isSecure);
    }

    private async Task RunAsync(bool isOldest, bool isDelta, TcpWay way, bool isSecure)
    {
        await using var world = await StartAsync(isOldest, isDelta, way, isSecure);
        await using var other = await world.OpenAsync(Other);
        await DeniedAsync(world);
        await WithdrawnAsync(world);
        await ExpiredAsync(world);
        await LostAsync(world);
        await LifeWorld.ReadOnAsync(other);
    }

    private async Task DeniedAsync(TcpWorld world)
    {
        await using var open = await world.OpenAsync(Strict);
        await LifeWorld.ReadOnAsync(open);
        world.Sidecar.Publish(ServedName.Without(Strict, Reasons.Denied, world.Strictly(0).Ports));
        await EndsAsync("denied", open, LifeWorld.Now, world.Responder.Interval);
        Assert.Null(await world.TryOpenAsync(Strict));
        await world.CountAsync(1);
        await world.SettleAsync(0);
        Assert.Null(await world.TryOpenAsync(Strict));
    }

    private async Task WithdrawnAsync(TcpWorld world)
    {
        world.Sidecar.Publish(world.Strictly(0));
        await using var open = await world.OpenAsync(Strict);
        world.Sidecar.Publish(world.Strictly(0, 1));
        await world.CountAsync(2);
        world.Sidecar.Publish(world.Strictly(1));
        await EndsAsync("withdrawn", open, LifeWorld.Now, world.Responder.Interval);
        await using var next = await world.OpenAsync(Strict);
        await world.SettleAsync(1);
        await LifeWorld.ReadOnAsync(next);
    }

    // It ends before its endpoints do, so that it ends too where the sidecar is lost.
    private async Task ExpiredAsync(TcpWorld world)
    {
        world.Sidecar.Publish(world.Strictly(1));
        await using var open = await world.OpenAsync(Strict);
        var lead = TimeSpan.FromSeconds(1);
        var name = world.Strictly(1) with { StrictUntil = LifeWorld.Now + TimeSpan.FromSeconds(3), StrictLead = lead };
        world.Sidecar.Publish(name);
        await EndsAsync("at its end", open, name.StrictUntil!.Value - lead, world.Responder.Interval);
    }

    private async Task LostAsync(TcpWorld world)
    {
        world.Sidecar.Publish(world.Strictly(1));
        await using var open = await world.OpenAsync(Strict);
        await LifeWorld.ReadOnAsync(open);
        var stopping = LifeWorld.Now;
        await world.Sidecar.StopAsync();
        await EndsAsync("sidecar lost", open, stopping, world.Responder.Interval * world.Responder.Failures);
        await world.Sidecar.StartAsync();
        world.Sidecar.Publish(world.Strictly(1));
        await using var next = await world.OpenAsync(Strict);
    }

    private async Task EndsAsync(string what, Stream open, TimeSpan from, TimeSpan within)
    {
        await LifeWorld.DrainAsync(open);
        var after = LifeWorld.Now - from;
        output.WriteLine(
            $"{what}: ended {after.TotalMilliseconds:f0} ms after it was due, {within} and {_slack} allowed");
        Assert.InRange(after, TimeSpan.Zero, within + _slack);
    }
}
