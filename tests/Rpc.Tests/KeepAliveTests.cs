namespace Fairlead.Rpc.Tests;

/// <summary>An idle stream lives as long as both sides do, and no longer. The library's shortest period is a
/// second.</summary>
public sealed class KeepAliveTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Longer than a busy machine may stop while it is to answer.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    /// <summary>Whoever is silent first pings, and the answer resets the other's clock: one side is asked at a
    /// time.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_IdleForSeveralPings_StillCarriesMessages(bool client)
    {
        await using var server = await StartAsync(client ? TimeSpan.MaxValue : Period, Patience);
        await using var relay = new FrameRelay(server.Endpoints[0].Address!);
        await using var channel = Connect(relay, client ? Period : Timeout.InfiniteTimeSpan, Patience);
        using var chat = channel.CreateCallInvoker().AsyncDuplexStreamingCall(EchoService.Chat, null, default);
        await EchoAsync(chat, 1);

        var answers = client ? relay.AnsweredByServer : relay.AnsweredByClient;
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await answers.WaitAsync(Patience, Servers.Token), $"no ping was answered after {i}");
        }

        await EchoAsync(chat, 2);
    }

    [Fact]
    public async Task Stream_WhoseNetworkFellSilent_EndsOnBothSides()
    {
        var cancelled = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        await using var server = await StartAsync(Period, Silence, cancelled, begun);
        await using var relay = new FrameRelay(server.Endpoints[0].Address!);
        await using var channel = Connect(relay, Period, Silence);
        var invoker = channel.CreateCallInvoker();
        using var chat = invoker.AsyncDuplexStreamingCall(EchoService.Chat, null, default);
        await EchoAsync(chat, 1);
        using var hang = invoker.AsyncUnaryCall(EchoService.Hang, null, default, []);
        await begun.Task.WaitAsync(Patience, Servers.Token);

        relay.FallSilent();

        foreach (var call in new Task[] { chat.ResponseStream.MoveNext(default), hang.ResponseAsync })
        {
            var failure = await Servers.FailsAsync(call);
            Assert.True(failure.StatusCode == StatusCode.Unavailable, $"{failure}\n{failure.Status.DebugException}");
        }

        await cancelled.Task.WaitAsync(Patience, Servers.Token);
    }

    private static async Task EchoAsync(AsyncDuplexStreamingCall<byte[], byte[]> chat, byte value)
    {
        await chat.RequestStream.WriteAsync([value]);
        Assert.True(await chat.ResponseStream.MoveNext(Servers.Token).WaitAsync(Patience, Servers.Token));
        Assert.Equal([value], chat.ResponseStream.Current);
    }

    private static Task<RpcServer> StartAsync(
        TimeSpan period, TimeSpan timeout, TaskCompletionSource? cancelled = null, TaskCompletionSource? begun = null)
    {
        var options = new RpcServerOptions { KeepAlivePeriod = period, KeepAliveTimeout = timeout };
        options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        options.Services.Add(EchoService.Build(cancelled, begun));
        return RpcServer.StartAsync(options, Servers.Token);
    }

    private static RpcChannel Connect(FrameRelay relay, TimeSpan period, TimeSpan timeout) => new(
        $"http://{relay.Address}", new RpcChannelOptions { KeepAlivePeriod = period, KeepAliveTimeout = timeout });
}
