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

    private TimeSpan _late = TimeSpan.FromSeconds(5);

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

    /// <summary>Of two streams in one connection of HTTP/2 the bounded one ends, and alone.</summary>
    [Theory(Explicit = true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Envoy_BoundsStreamsOfHttp2(bool isOldest, bool isDelta)
    {
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta);
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
        var answer = await TestKit.Processes.Eventually.HoldsAsync(
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

    private async Task RunAsync(bool isOldest, bool isDelta)
    {
        await using var world = await LifeWorld.StartAsync(isOldest, isDelta);
        await world.AnswersAsync(Strict, 200, "one");
        await StreamsAsync(world);
        await WithdrawnAsync(world);
        await LostAsync(world);
    }

    // A bounded stream ends by itself, another goes on beside it: for HTTP by the cluster, for TCP by the listener.
    private static async Task StreamsAsync(LifeWorld world)
    {
        await using var unbounded = await world.OpenAsync(0, Unbounded);
        await using var unboundedTcp = await world.OpenAsync(2, Bounded);
        await using var bounded = await world.OpenAsync(0, Bounded);
        await using var boundedTcp = await world.OpenAsync(1, Bounded);
        await Task.WhenAll(DrainAsync(bounded), DrainAsync(boundedTcp));
        await ReadOnAsync(unbounded);
        await ReadOnAsync(unboundedTcp);
        Assert.Equal(
            1, await world.Envoy.StatAsync($"cluster.{Bounded}_80.upstream_rq_max_duration_reached", Cancellation));
        Assert.Equal(
            1, await world.Envoy.StatAsync("tcp.tcp-bounded.max_downstream_connection_duration", Cancellation));
    }

    private static async Task WithdrawnAsync(LifeWorld world)
    {
        var (one, two, _) = world.Ports;
        world.Sidecar.Publish(OnDemandWorld.Named(Other, one, two));
        await world.AnswersAsync(Other, 200, "two");
        await CountAsync(world, "membership_healthy", 2);
        world.Sidecar.Publish(OnDemandWorld.Named(Other, two));
        await CountAsync(world, "membership_total", 1);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal((200, "two"), await world.GetAsync(Other));
        }

        world.Sidecar.Publish(OnDemandWorld.Named(Other));
        await world.AnswersAsync(Other, 503, "no healthy upstream");
        await CountAsync(world, "membership_total", 0);
        world.Sidecar.Publish(OnDemandWorld.Named(Other, one));
        await world.AnswersAsync(Other, 200, "one");
    }

    private async Task LostAsync(LifeWorld world)
    {
        var name = OnDemandWorld.Named(Strict, world.Ports.One);
        var (until, told, stopped) = await StopInTimeAsync(world, name);
        var (used, failed) = (TimeSpan.Zero, TimeSpan.Zero);
        var ended = await Eventually(async () =>
        {
            var started = Now;
            var (status, body) = await world.GetAsync(Strict);
            (used, failed) = status == 200 ? (started, failed) : (used, Now);
            return (status, body);
        });
        Assert.Equal((503, "no healthy upstream"), ended);
        output.WriteLine(
            $"used last {(used - until).TotalMilliseconds:f0} ms after its end, {_late} and {told} allowed");

        // It was used when the sidecar was gone, to the end that it was told and no longer: that counts from when it
        // read it, after it was written. A machine that is loaded fires Envoy's timer late.
        Assert.True(used > stopped, $"used last {used - stopped} after the stop");
        Assert.True(failed >= until - TimeSpan.FromMilliseconds(10), $"ended {until - failed} early");
        Assert.InRange(used, stopped, until + told + _late);
        Assert.Equal((200, "one"), await world.GetAsync(Other));

        // It is back, with the same endpoints at the same version; and a later end takes the place of an earlier one.
        world.Sidecar.Publish(name with { StrictUntil = Now + TimeSpan.FromHours(1) });
        await world.Sidecar.StartAsync();
        await world.AnswersAsync(Strict, 200, "one");
        until = Now + TimeSpan.FromSeconds(1);
        await ToldAsync(world, name with { StrictUntil = until });
        await ToldAsync(world, name with { StrictUntil = Now + TimeSpan.FromHours(1) });
        await world.AnswersAsync(Strict, 200, "one");
        while (Now < until + TimeSpan.FromSeconds(0.5))
        {
            Assert.Equal((200, "one"), await world.GetAsync(Strict));
        }
    }

    // Stopping takes as long as the machine likes: tried with more time until some of it is left.
    private static async Task<(TimeSpan Until, TimeSpan Told, TimeSpan Stopped)> StopInTimeAsync(
        LifeWorld world, ServedName name)
    {
        for (var life = TimeSpan.FromSeconds(3); life < Patience; life *= 2)
        {
            var published = Now;
            var until = published + life;
            await ToldAsync(world, name with { StrictUntil = until });
            var told = Now - published;
            await world.Sidecar.StopAsync();
            if (until - Now > TimeSpan.FromSeconds(1))
            {
                return (until, told, Now);
            }

            world.Sidecar.Publish(name);
            await world.Sidecar.StartAsync();
            await world.AnswersAsync(Strict, 200, "one");
        }

        throw new InvalidOperationException("the sidecar takes too long to stop");
    }

    private static async Task ToldAsync(LifeWorld world, ServedName name)
    {
        Task<long> Updates() => world.Envoy.StatAsync($"cluster.{name.Name}_80.update_success", Cancellation);
        var before = await Updates();
        world.Sidecar.Publish(name);
        await TestKit.Processes.Eventually.HoldsAsync(Updates, seen => seen > before, Patience, Cancellation);
    }

    private static Task<(int Status, string Body)> Eventually(Func<Task<(int Status, string Body)>> read) =>
        TestKit.Processes.Eventually.HoldsAsync(read, reply => reply.Status != 200, Patience, Cancellation);

    private static Task CountAsync(LifeWorld world, string stat, long count) =>
        TestKit.Processes.Eventually.HoldsAsync(
            () => world.Envoy.StatAsync($"cluster.{Other}_80.{stat}", Cancellation), seen => seen == count,
            Patience, Cancellation);
}
