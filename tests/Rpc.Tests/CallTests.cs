using System.Buffers.Binary;
using System.Text;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Google.Protobuf.WellKnownTypes;
using Grpc.Health.V1;

namespace Fairlead.Rpc.Tests;

public sealed class CallTests
{
    [Fact]
    public async Task Unary_WithMetadata_EchoesHeadersAndTrailers()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        var headers = new Metadata { { "echo-text", "a b" }, { "echo-data-bin", [0, 255, 7, 8] } };
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(
            EchoService.Unary, null, new CallOptions(headers), [1, 2, 3]);
        Assert.Equal([1, 2, 3], await call);
        var got = await call.ResponseHeadersAsync;
        Assert.Equal("a b", got.GetValue("echo-text"));
        Assert.Equal([0, 255, 7, 8], got.GetValueBytes("echo-data-bin")!);
        Assert.Equal("a b", call.GetTrailers().GetValue("echo-text"));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Streams_InAllDirections_CarryMessages()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        var invoker = channel.CreateCallInvoker();
        using var repeat = invoker.AsyncServerStreamingCall(EchoService.Repeat, null, default, [9]);
        Assert.Equal(10, (await repeat.ResponseStream.ReadAllAsync(Servers.Token).ToListAsync(Servers.Token)).Count);
        using var join = invoker.AsyncClientStreamingCall(EchoService.Join, null, default);
        await join.RequestStream.WriteAsync([1]);
        await join.RequestStream.WriteAsync([2]);
        await join.RequestStream.CompleteAsync();
        Assert.Equal([1, 2], await join);
        using var chat = invoker.AsyncDuplexStreamingCall(EchoService.Chat, null, default);
        for (byte i = 0; i < 20; i++)
        {
            await chat.RequestStream.WriteAsync([i]);
            Assert.True(await chat.ResponseStream.MoveNext(Servers.Token));
            Assert.Equal([i], chat.ResponseStream.Current);
        }

        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext(Servers.Token));
        Assert.Equal("over", chat.GetTrailers().GetValue("chat"));
    }

    [Fact]
    public async Task Failure_WithDetails_ReachesTheCaller()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Fail, null, default, [65, 66]);
        var failure = await Servers.FailsAsync(call.ResponseAsync);
        Assert.Equal(new Status(StatusCode.FailedPrecondition, "wrong % état"), failure.Status);
        var details = failure.GetRpcStatus();
        Assert.Equal("AB", details!.Details[0].Unpack<StringValue>().Value);
    }

    [Fact]
    public async Task Handler_ThatThrows_AnswersUnknownWithoutTheText()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        var failure = await UnaryFailure(channel, EchoService.Throw, []);
        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.DoesNotContain("secret", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Method_Unknown_IsUnimplemented()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        Assert.Equal(StatusCode.Unimplemented, (await UnaryFailure(channel, EchoService.Unknown, [])).StatusCode);
    }

    [Fact]
    public async Task Deadline_ThatPasses_FailsBothSides()
    {
        var (cancelled, begun, time) = (Signal(), Signal(), new ManualTimeProvider());
        await using var server = await Servers.StartAsync(
            cancelled: cancelled, calls: new RpcServiceOptions { TimeProvider = time }, begun: begun);
        await using var channel = Servers.Connect(server, new RpcChannelOptions { TimeProvider = time });
        var deadline = time.GetUtcNow().UtcDateTime.AddMilliseconds(200);
        var hang = UnaryFailure(channel, EchoService.Hang, [], new CallOptions(deadline: deadline));
        await begun.Task.WaitAsync(Servers.Patience, Servers.Token);
        time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(StatusCode.DeadlineExceeded, (await hang).StatusCode);
        await cancelled.Task.WaitAsync(Servers.Patience, Servers.Token);
    }

    [Fact]
    public async Task Cancellation_ByToken_ReachesTheHandler()
    {
        var (cancelled, begun) = (Signal(), Signal());
        await using var server = await Servers.StartAsync(cancelled: cancelled, begun: begun);
        await using var channel = Servers.Connect(server);
        using var source = new CancellationTokenSource();
        using var chat = channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            EchoService.Chat, null, new CallOptions(cancellationToken: source.Token));
        await chat.RequestStream.WriteAsync([1]);
        Assert.True(await chat.ResponseStream.MoveNext(Servers.Token));
        var hang = UnaryFailure(channel, EchoService.Hang, [], new CallOptions(cancellationToken: source.Token));
        var next = chat.ResponseStream.MoveNext(Servers.Token);
        await begun.Task.WaitAsync(Servers.Patience, Servers.Token);
        await source.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await hang).StatusCode);
        Assert.Equal(StatusCode.Cancelled, (await Servers.FailsAsync(next)).StatusCode);
        await cancelled.Task.WaitAsync(Servers.Patience, Servers.Token);
    }

    [Fact]
    public async Task Dispose_OfAStreamNobodyReads_ReachesTheHandler()
    {
        var cancelled = new TaskCompletionSource();
        await using var server = await Servers.StartAsync(cancelled: cancelled);
        await using var channel = Servers.Connect(server);
        var flood = channel.CreateCallInvoker().AsyncServerStreamingCall(EchoService.Flood, null, default, []);
        await flood.ResponseHeadersAsync;
        flood.Dispose();
        await cancelled.Task.WaitAsync(Servers.Patience, Servers.Token);
    }

    [Fact]
    public async Task Reader_ThatTakesNothing_IsCutOff()
    {
        var cancelled = new TaskCompletionSource();
        var time = new ManualTimeProvider();
        var calls = new RpcServiceOptions { TimeProvider = time };
        await using var server = await Servers.StartAsync(cancelled: cancelled, calls: calls);
        await using var channel = Servers.Connect(server);
        using var flood = channel.CreateCallInvoker().AsyncServerStreamingCall(EchoService.Flood, null, default, []);

        // The handler writes on tasks of its own: the clock moves until a write has waited for good.
        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(calls.WriteTimeout);
                return Task.FromResult(cancelled.Task.IsCompleted);
            },
            isCut => isCut, Servers.Patience, Servers.Token);
        await UnarySucceeds(channel);
    }

    /// <summary>A call that ends while a reader is a little behind ends with its status; one that does not read at all
    /// is reset, and holds nothing.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task End_ThatMeetsASlowReader_WaitsAMomentForIt(bool isReading)
    {
        var time = new ManualTimeProvider();
        using var ending = new CancellationTokenSource();
        var ended = Signal();
        var options = new RpcServerOptions { Calls = new RpcServiceOptions { TimeProvider = time } };
        options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        options.Services.Add(ServerServiceDefinition.CreateBuilder().AddMethod(
            EchoService.Flood,
            async (byte[] _, IServerStreamWriter<byte[]> responses, ServerCallContext _) =>
            {
                try
                {
                    await responses.WriteAsync(new byte[64 * 1024], ending.Token);
                }
                catch (OperationCanceledException)
                {
                    ended.SetResult();
                    throw new RpcException(new Status(StatusCode.Aborted, "over"));
                }
            }).Build());
        await using var server = await RpcServer.StartAsync(options, Servers.Token);
        using var raw = await RawConnection.ConnectAsync(server);
        await raw.OpenAsync(100);
        await raw.CallAsync(1, EchoService.Flood);
        await raw.MessageAsync(1, []);

        // There is room for so much, and for nothing more.
        Assert.Equal(100, (await raw.ReadAsync(RawConnection.Data, 1))!.Length);
        await ArmedAsync(options.Calls.WriteTimeout);
        await ending.CancelAsync();
        await ended.Task.WaitAsync(Servers.Patience, Servers.Token);
        await ArmedAsync(TimeSpan.FromMilliseconds(100));
        if (!isReading)
        {
            time.Advance(TimeSpan.FromMilliseconds(101));
            Assert.NotNull(await raw.ReadAsync(RawConnection.Reset, 1));
            return;
        }

        await raw.FrameAsync(RawConnection.WindowUpdate, 0, 1, [0, 1, 0, 0]);
        var trailers = Encoding.ASCII.GetString((await raw.ReadAsync(RawConnection.Headers, 1))!);
        Assert.Contains("over", trailers, StringComparison.Ordinal);

        Task ArmedAsync(TimeSpan due) => Eventually.HoldsAsync(
            () => Task.FromResult(time.IsArmed(due)), isArmed => isArmed, Servers.Patience, Servers.Token);
    }

    [Fact]
    public async Task Messages_OverTheLimit_AreRefusedBothWays()
    {
        var calls = new RpcServiceOptions { MaxReceiveMessageBytes = 100 };
        await using var server = await Servers.StartAsync(calls: calls);
        await using var channel = Servers.Connect(server, new RpcChannelOptions { MaxReceiveMessageBytes = 1000 });
        var sent = await UnaryFailure(channel, EchoService.Unary, new byte[101]);
        Assert.Equal(StatusCode.ResourceExhausted, sent.StatusCode);
        var received = await UnaryFailure(channel, EchoService.Make, Size(1001));
        Assert.Equal(StatusCode.ResourceExhausted, received.StatusCode);
        await using var small = Servers.Connect(server, new RpcChannelOptions { MaxSendMessageBytes = 10 });
        var unsent = await UnaryFailure(small, EchoService.Unary, new byte[11]);
        Assert.Equal(StatusCode.ResourceExhausted, unsent.StatusCode);
        using var fits = channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Make, null, default, Size(1000));
        Assert.Equal(1000, (await fits).Length);
    }

    [Fact]
    public async Task Response_OverTheServersLimit_Passes_UpToThatOfItsMethod()
    {
        var make = new Method<byte[], byte[]>(
            MethodType.Unary, "test.Large", "Make", EchoService.Raw, EchoService.Raw) { MaxResponseBytes = 2_000 };
        var options = new RpcServerOptions { Calls = new RpcServiceOptions { MaxSendMessageBytes = 100 } };
        options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        options.Services.Add(ServerServiceDefinition.CreateBuilder()
            .AddMethod(make, (request, _) => Task.FromResult(new byte[BinaryPrimitives.ReadInt32BigEndian(request)]))
            .Build());
        await using var server = await RpcServer.StartAsync(options, Servers.Token);
        await using var channel = Servers.Connect(server);
        using var fits = channel.CreateCallInvoker().AsyncUnaryCall(make, null, default, Size(2_000));
        Assert.Equal(2_000, (await fits).Length);
        Assert.Equal(
            StatusCode.ResourceExhausted, (await UnaryFailure(channel, make, Size(2_001))).StatusCode);
    }

    [Fact]
    public async Task Messages_Big_Pass()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        var request = new byte[4 * 1024 * 1024];
        request[^1] = 9;
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Unary, null, default, request);
        Assert.Equal(request, await call.ResponseAsync.WaitAsync(Servers.Patience, Servers.Token));
    }

    [Fact]
    public async Task Write_ToAServerThatIsNotThere_EndsWithTheCall()
    {
        await using var channel = new RpcChannel("unix:/proc/none.sock");
        using var chat = channel.CreateCallInvoker().AsyncDuplexStreamingCall(EchoService.Chat, null, default);
        var failure = await Servers.FailsAsync(chat.RequestStream.WriteAsync([1]));
        Assert.True(failure.StatusCode == StatusCode.Unavailable, failure.ToString());
        failure = await Servers.FailsAsync(chat.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task Server_ThatStops_EndsItsStreams()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        using var chat = channel.CreateCallInvoker().AsyncDuplexStreamingCall(EchoService.Chat, null, default);
        await chat.RequestStream.WriteAsync([1]);
        Assert.True(await chat.ResponseStream.MoveNext(Servers.Token));
        var next = chat.ResponseStream.MoveNext(Servers.Token);
        await server.StopAsync(Servers.Token);
        var ended = await Servers.FailsAsync(next);
        Assert.True(ended.StatusCode == StatusCode.Unavailable, ended.ToString());
        var after = await UnaryFailure(channel, EchoService.Unary, []);
        Assert.True(after.StatusCode == StatusCode.Unavailable, after.ToString());
    }

    [Fact]
    public async Task Health_WatchAndCheck_FollowWhatIsReported()
    {
        var health = new HealthService();
        var options = new RpcServerOptions();
        options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        options.Services.Add(health.Build());
        await using var server = await RpcServer.StartAsync(options, Servers.Token);
        await using var channel = Servers.Connect(server);
        var invoker = channel.CreateCallInvoker();
        var request = new HealthCheckRequest { Service = "a" };
        using var missing = invoker.AsyncUnaryCall(HealthService.CheckMethod, null, default, request);
        Assert.Equal(StatusCode.NotFound, (await Servers.FailsAsync(missing.ResponseAsync)).StatusCode);
        using var watch = invoker.AsyncServerStreamingCall(HealthService.WatchMethod, null, default, request);
        Assert.True(await watch.ResponseStream.MoveNext(Servers.Token));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.ServiceUnknown, watch.ResponseStream.Current.Status);
        health.Set("a", HealthCheckResponse.Types.ServingStatus.Serving);
        Assert.True(await watch.ResponseStream.MoveNext(Servers.Token));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);
        using var check = invoker.AsyncUnaryCall(HealthService.CheckMethod, null, default, request);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await check).Status);
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static byte[] Size(int size)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        return bytes;
    }

    private static async Task UnarySucceeds(RpcChannel channel)
    {
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Unary, null, default, [5]);
        Assert.Equal([5], await call.ResponseAsync.WaitAsync(Servers.Patience, Servers.Token));
    }

    private static async Task<RpcException> UnaryFailure(
        RpcChannel channel, Method<byte[], byte[]> method, byte[] request, CallOptions options = default)
    {
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(method, null, options, request);
        return await Servers.FailsAsync(call.ResponseAsync);
    }
}
