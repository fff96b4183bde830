using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>The calls themselves, by a client that does what it likes.</summary>
public sealed class AdsServiceTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rejects_NoTypeUrl_WithInvalidArgument()
    {
        await using var host = await AdsHost.StartAsync();
        await using var channel = new RpcChannel("unix:" + host.Socket);
        using var call = Open(channel);
        var refused = await RefusedAsync(call, new DiscoveryRequest());
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        await host.ForgottenAsync();
    }

    /// <summary>A client that asks without end is read no faster than it may ask: counted on virtual time.</summary>
    [Fact]
    public async Task Requests_BeyondTheRate_AreReadInTheirTime()
    {
        var time = new ManualTimeProvider();
        var limits = XdsLimits.Default with { RequestBurst = 10, RequestsPerSecond = 10 };
        await using var host = await AdsHost.StartAsync(new AdsOptions { Limits = limits, TimeProvider = time });
        host.Publish();
        await using var channel = new RpcChannel("unix:" + host.Socket);
        using var call = Open(channel);
        for (var i = 0; i < 100; i++)
        {
            await call.RequestStream.WriteAsync(Request(ResourceType.Endpoints, $"n{i}"), Cancellation);
        }

        // One opens the stream, one more than the burst says that it is over. The stream waits for a timer then.
        for (var read = 12; read <= 32; read += 10)
        {
            await Eventually.HoldsAsync(
                () =>
                {
                    // A timer that was set to a moment that is over runs with the next step.
                    time.Advance(TimeSpan.Zero);
                    return Asked(host);
                },
                count => count >= read && time.Armed == 1, Bound, Cancellation);
            Assert.Equal(read, await Asked(host));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        static Task<int> Asked(AdsHost host) => Task.FromResult(host.Interest.Told.Count(told => told[0] == '+'));
    }

    /// <summary>Neither do more streams of one connection help it, of which each would have a rate; another connection
    /// has its own.</summary>
    [Fact]
    public async Task Streams_OfOneConnection_HaveARateTogether()
    {
        var time = new ManualTimeProvider();
        var limits = XdsLimits.Default with
        {
            ConnectionBurst = 10,
            ConnectionRequestsPerSecond = 10,
            FirstRequest = Timeout.InfiniteTimeSpan,
            SendTimeout = Timeout.InfiniteTimeSpan,
        };
        await using var host = await AdsHost.StartAsync(new AdsOptions { Limits = limits, TimeProvider = time });
        host.Publish();
        await using var channel = new RpcChannel("unix:" + host.Socket);
        var calls = new List<IDisposable>();
        for (var i = 0; i < 30; i++)
        {
            var call = Open(channel);
            calls.Add(call);
            await call.RequestStream.WriteAsync(Request(ResourceType.Endpoints, $"n{i}"), Cancellation);
        }

        await ReadAsync(10, waiting: 20);
        time.Advance(TimeSpan.FromSeconds(1));
        await ReadAsync(20, waiting: 10);
        await using (var other = new RpcChannel("unix:" + host.Socket))
        {
            using var call = Open(other);
            await call.RequestStream.WriteAsync(Request(ResourceType.Endpoints, "other"), Cancellation);
            await ReadAsync(21, waiting: 10);
        }

        time.Advance(TimeSpan.FromSeconds(1));
        await ReadAsync(31, waiting: 0);
        calls.ForEach(call => call.Dispose());

        // What waits for its time is a timer each, and no other is set: one that is set behind the clock's step, by
        // what was counted before it, would never end.
        async Task ReadAsync(int count, int waiting)
        {
            await Eventually.HoldsAsync(
                () => Task.FromResult((Asked: Asked(), time.Armed)),
                seen => seen.Asked >= count && seen.Armed == waiting, Bound, Cancellation);
            Assert.Equal(count, Asked());
        }

        int Asked() => host.Interest.Told.Count(told => told[0] == '+');
    }

    /// <summary>A stream that waits for the rate of its connection holds a place that others may need: it waits no
    /// longer than one that says nothing, and what is not read yet costs nothing.</summary>
    [Fact]
    public async Task Stream_ThatWouldWaitLongForTheRateOfItsConnection_IsRefused()
    {
        var time = new ManualTimeProvider();
        var limits = XdsLimits.Default with { ConnectionBurst = 2, ConnectionRequestsPerSecond = 2 };
        await using var host = await AdsHost.StartAsync(new AdsOptions { Limits = limits, TimeProvider = time });
        host.Publish(Endpoints("a", 1));
        await using var channel = new RpcChannel("unix:" + host.Socket);

        // Each 16 KiB of it count as a request: it is a minute's.
        var large = Request(ResourceType.Endpoints, "a");
        large.Node = new Node { Id = new string('n', 128 << 14) };
        await AskTooMuchAsync(large);
        await AskTooMuchAsync(Request(ResourceType.Endpoints, "a"));
        Assert.Empty(host.Interest.Told);
        time.Advance(TimeSpan.FromSeconds(64));
        using var call = Open(channel);
        await call.RequestStream.WriteAsync(Request(ResourceType.Endpoints, "a"), Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation).WaitAsync(Bound, Cancellation));

        async Task AskTooMuchAsync(DiscoveryRequest request)
        {
            using var refused = Open(channel);
            var ended = await RefusedAsync(refused, request);
            Assert.Equal(StatusCode.ResourceExhausted, ended.StatusCode);
            Assert.Contains("ask too much", ended.Status.Detail, StringComparison.Ordinal);
        }
    }

    // It may be refused before all of it has left, which ends the write in any way: why, the response alone says.
    private static async Task<RpcException> RefusedAsync(
        AsyncDuplexStreamingCall<DiscoveryRequest, DiscoveryResponse> call, DiscoveryRequest request)
    {
        await call.RequestStream.WriteAsync(request, Cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await Assert.ThrowsAsync<RpcException>(
            () => call.ResponseStream.MoveNext(Cancellation).WaitAsync(Bound, Cancellation));
    }

    /// <summary>There are no more acknowledgements than responses: who is told much says so as often.</summary>
    [Fact]
    public async Task Acknowledgements_AreBoundByNoRate()
    {
        var limits = XdsLimits.Default with { RequestBurst = 1, RequestsPerSecond = 1 };
        await using var host = await AdsHost.StartAsync(
            new AdsOptions { Limits = limits, TimeProvider = new ManualTimeProvider() });
        await using var channel = new RpcChannel("unix:" + host.Socket);
        using var call = Open(channel);
        var request = Request(ResourceType.Endpoints, "a");
        for (var i = 1; i <= 30; i++)
        {
            host.Publish(Endpoints("a", i));
            await call.RequestStream.WriteAsync(request, Cancellation);
            Assert.True(await call.ResponseStream.MoveNext(Cancellation).WaitAsync(Bound, Cancellation));
            (request.VersionInfo, request.ResponseNonce) =
                (call.ResponseStream.Current.VersionInfo, call.ResponseStream.Current.Nonce);
        }
    }

    /// <summary>What is held is less then than what was sent.</summary>
    [Fact]
    public async Task Version_ThatWasSent_StaysWhenLessIsAskedFor()
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Endpoints("a", 1), Endpoints("b", 1));
        await using var channel = new RpcChannel("unix:" + host.Socket);
        using var call = Open(channel);
        await call.RequestStream.WriteAsync(Request(ResourceType.Endpoints, "a", "b"), Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        var sent = call.ResponseStream.Current;
        var less = Request(ResourceType.Endpoints, "a");
        (less.VersionInfo, less.ResponseNonce) = (sent.VersionInfo, sent.Nonce);
        await call.RequestStream.WriteAsync(less, Cancellation);
        var type = await Eventually.HoldsAsync(
            () => Task.FromResult(host.Service.Streams().Single().Types.Single()),
            type => type.AckedVersion.Length > 0 && type.Resources == 1, Bound, Cancellation);
        Assert.Equal((sent.VersionInfo, sent.VersionInfo), (type.SentVersion, type.AckedVersion));
    }

    private static AsyncDuplexStreamingCall<DiscoveryRequest, DiscoveryResponse> Open(RpcChannel channel)
    {
        var method = AdsReflection.Descriptor.Services.Single()
            .Method<DiscoveryRequest, DiscoveryResponse>("StreamAggregatedResources");
        return channel.CreateCallInvoker()
            .AsyncDuplexStreamingCall(method, null, new CallOptions(cancellationToken: Cancellation));
    }

    private static DiscoveryRequest Request(ResourceType type, params string[] names)
    {
        return new DiscoveryRequest { TypeUrl = type.TypeUrl, ResourceNames = { names } };
    }
}
