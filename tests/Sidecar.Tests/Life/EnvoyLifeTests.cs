using System.Net;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using static Fairlead.Sidecar.Tests.Life.LifeWorld;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>
/// How long a real Envoy uses what the sidecar told it: past a withdrawal, past the sidecar's own end, and in streams
/// that are open. Active health checks that pass keep nothing.
/// </summary>
public sealed class EnvoyLifeTests(ITestOutputHelper output)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // What an Envoy was seen to be late by; and what it may be on any machine.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(5);

    private TimeSpan _late = TimeSpan.FromSeconds(30);

    [Fact]
    public Task NewestEnvoy_UsesNothingBeyondItsTime() => RunAsync(isOldest: false, isDelta: true);

    [Theory(Explicit = true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public Task Envoy_UsesNothingBeyondItsTime(bool isOldest, bool isDelta)
    {
        _late = Seen.Within(Quiet);
        return RunAsync(isOldest, isDelta);
    }

    /// <summary>The same where clusters come on demand, beside another control plane.</summary>
    [Fact]
    public Task OldestForeignEnvoy_ByStreams_UsesNothingBeyondItsTime() =>
        RunAsync(isOldest: true, isDelta: true, isAuthority: false);

    [Fact]
    public Task NewestForeignEnvoy_ByTheAuthority_UsesNothingBeyondItsTime() =>
        RunAsync(isOldest: false, isDelta: true, isAuthority: true);

    [Theory(Explicit = true)]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(false, false, true)]
    public Task ForeignEnvoy_UsesNothingBeyondItsTime(bool isOldest, bool isDelta, bool isAuthority)
    {
        _late = Seen.Within(Quiet);
        return RunAsync(isOldest, isDelta, isAuthority);
    }

    /// <summary>Of two streams in one connection of HTTP/2 the bounded one ends, and alone.</summary>
    [Theory(Explicit = true)]
    [InlineData(true, true, null)]
    [InlineData(true, false, null)]
    [InlineData(false, true, null)]
    [InlineData(false, false, null)]
    [InlineData(true, true, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, true)]
    [InlineData(false, true, true)]
    public async Task Envoy_BoundsStreamsOfHttp2(bool isOldest, bool isDelta, bool? isAuthority)
    {
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta, isAuthority: isAuthority);
        await using var backend = await Backend.StartAsync(EndlessAsync, HttpProtocols.Http2);
        await world.AnswersAsync(Strict, 200, "one");
        ServedName Endless(string name) => OnDemandWorld.Named(name, backend.Port) with
        {
            Ports = [new ServedPort("http2", 80, "http2")],
        };
        world.Sidecar.Publish(Endless(Bounded) with { StreamMax = TimeSpan.FromSeconds(1) }, Endless(Unbounded));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await using var unbounded = await OpenHttp2Async(http, world, Unbounded);
        await using var bounded = await OpenHttp2Async(http, world, Bounded);
        await DrainAsync(bounded);
        await ReadOnAsync(unbounded);
        Assert.Equal(
            1, await world.Envoy.StatAsync($"cluster.{Bounded}_80.upstream_rq_max_duration_reached", Cancellation));
        Assert.Equal(1, await world.Envoy.StatAsync("http.outbound.downstream_cx_http2_active", Cancellation));
    }

    // It is refused until the Envoy knows that the backend speaks HTTP/2, and nothing else.
    private static async Task<Stream> OpenHttp2Async(HttpClient http, LifeWorld world, string host)
    {
        var answer = await Eventually.HoldsAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, $"http://{world.Envoy.Listeners[0]}/")
                {
                    Version = HttpVersion.Version20,
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                };
                request.Headers.Host = host;
                return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            },
            reply => reply.StatusCode == HttpStatusCode.OK, Patience, Cancellation);
        return await answer.Content.ReadAsStreamAsync(Cancellation);
    }

    private async Task RunAsync(bool isOldest, bool isDelta, bool? isAuthority = null)
    {
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta, isAuthority: isAuthority);
        await world.AnswersAsync(Strict, 200, "one");
        await StreamsAsync(world);
        if (isAuthority is null)
        {
            await TcpStreamsAsync(world);
        }

        await WithdrawnAsync(world);
        await DeniedAsync(world);
        await LostAsync(world);
    }

    // A bounded stream ends by itself, another goes on beside it.
    private static async Task StreamsAsync(LifeWorld world)
    {
        await using var unbounded = await world.OpenAsync(0, Unbounded);
        await using var bounded = await world.AskAsync(0, Bounded);
        await DrainAsync(bounded);
        await ReadOnAsync(unbounded);
        Assert.Equal(
            1, await world.Envoy.StatAsync($"cluster.{Bounded}_80.upstream_rq_max_duration_reached", Cancellation));
    }

    // The same for TCP, by the listener.
    private static async Task TcpStreamsAsync(LifeWorld world)
    {
        await using var unbounded = await world.OpenAsync(2, Bounded);
        await using var bounded = await world.AskAsync(1, Bounded);
        await DrainAsync(bounded);
        await ReadOnAsync(unbounded);
        Assert.Equal(
            1, await world.Envoy.StatAsync("tcp.tcp-bounded.max_downstream_connection_duration", Cancellation));
    }

    private static async Task WithdrawnAsync(LifeWorld world)
    {
        var (one, two, _) = world.Ports;
        world.Sidecar.Publish(OnDemandWorld.Named(Other, one, two));
        await world.AnswersAsync(Other, 200, "two");
        await world.CountAsync(Other, 2);
        Assert.NotEqual(
            0, await world.Envoy.KnownStatAsync($"cluster.{Other}_80.health_check.success", Cancellation));
        world.Sidecar.Publish(OnDemandWorld.Named(Other, two));
        await world.CountAsync(Other, 1);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal((200, "two"), await world.GetAsync(Other));
        }

        world.Sidecar.Publish(OnDemandWorld.Named(Other));
        await world.AnswersAsync(Other, 503, "no healthy upstream");
        await world.CountAsync(Other, 0);
        world.Sidecar.Publish(OnDemandWorld.Named(Other, one));
        await world.AnswersAsync(Other, 200, "one");
    }

    // No request reaches its endpoint any more, which passes its checks.
    private async Task DeniedAsync(LifeWorld world)
    {
        var name = OnDemandWorld.Named(Other, world.Ports.One);
        await world.CountAsync(Other, 1);
        var due = Now;
        world.Sidecar.Publish(ServedName.Without(Other, Reasons.Denied, name.Ports));
        var (used, _, _) = await UsedAsync(world, Other);
        var reached = world.Reached;
        var after = used > due ? used - due : TimeSpan.Zero;
        output.WriteLine($"used last {after.TotalMilliseconds:f0} ms after it was denied, {_late} allowed");
        Assert.InRange(after, TimeSpan.Zero, _late);

        // Routes come after clusters.
        await Eventually.HoldsAsync(
            () => world.GetAsync(Other), reply => reply.Status == world.Denied, Patience, Cancellation);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(world.Denied, (await world.GetAsync(Other)).Status);
        }

        Assert.Equal(reached, world.Reached);
        world.Sidecar.Publish(name);
        await world.AnswersAsync(Other, 200, "one");
    }

    private async Task LostAsync(LifeWorld world)
    {
        var name = OnDemandWorld.Named(Strict, world.Ports.One);
        var (until, told, stopped, (used, failed, ended)) = await StopInTimeAsync(world, name);
        Assert.Equal((503, "no healthy upstream"), ended);
        output.WriteLine(
            $"used last {(used - until).TotalMilliseconds:f0} ms after its end, {_late} and {told} allowed");

        // It was used when the sidecar was gone, to the end that it was told and no longer: that counts from when it
        // read it, after it was written. A machine that is loaded fires Envoy's timer late.
        Assert.True(failed >= until - TimeSpan.FromMilliseconds(10), $"ended {until - failed} early");
        Assert.InRange(used, stopped, until + told + _late);
        Assert.Equal((200, "one"), await world.GetAsync(Other));

        // It is back, with the same endpoints at the same version; and a later end takes the place of an earlier one.
        world.Sidecar.Publish(name with { StrictUntil = Now + TimeSpan.FromHours(1) });
        await world.Sidecar.StartAsync();
        await world.AnswersAsync(Strict, 200, "one");
        until = Now + TimeSpan.FromSeconds(1);
        await world.ToldAsync(name with { StrictUntil = until });
        await world.ToldAsync(name with { StrictUntil = Now + TimeSpan.FromHours(1) });
        await world.AnswersAsync(Strict, 200, "one");
        while (Now < until + TimeSpan.FromSeconds(0.5))
        {
            Assert.Equal((200, "one"), await world.GetAsync(Strict));
        }
    }

    // Stopping takes as long as the machine likes, and so does the first request behind it: tried with more time until
    // some of it is left and was used.
    private static async Task<(TimeSpan Until, TimeSpan Told, TimeSpan Stopped,
        (TimeSpan Used, TimeSpan Failed, (int Status, string Body) Ended) Use)> StopInTimeAsync(
        LifeWorld world, ServedName name)
    {
        for (var life = TimeSpan.FromSeconds(3); life < Patience; life *= 2)
        {
            var published = Now;
            var until = published + life;
            await world.ToldAsync(name with { StrictUntil = until });
            var told = Now - published;
            await world.Sidecar.StopAsync();
            var stopped = Now;
            var use = await UsedAsync(world, Strict);
            if (use.Used > stopped)
            {
                return (until, told, stopped, use);
            }

            world.Sidecar.Publish(name);
            await world.Sidecar.StartAsync();
            await world.AnswersAsync(Strict, 200, "one");
        }

        throw new InvalidOperationException("the sidecar takes too long to stop");
    }

    // When the last request began that was answered, and how and when the first one ended that was not.
    private static async Task<(TimeSpan Used, TimeSpan Failed, (int Status, string Body) Ended)> UsedAsync(
        LifeWorld world, string host)
    {
        var used = TimeSpan.Zero;
        var ended = await Eventually.HoldsAsync(
            async () =>
            {
                var started = Now;
                var reply = await world.GetAsync(host);
                used = reply.Status == 200 ? started : used;
                return reply;
            },
            reply => reply.Status != 200, Patience, Cancellation);
        return (used, Now, ended);
    }
}
