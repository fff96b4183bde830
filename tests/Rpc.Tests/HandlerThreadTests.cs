namespace Fairlead.Rpc.Tests;

/// <summary>A handler that keeps its thread keeps that alone: what else comes over its connection is served.</summary>
public sealed class HandlerThreadTests
{
    private static readonly TimeSpan Patience = Servers.Patience;
    private static readonly Method<byte[], byte[]> Keep =
        new(MethodType.DuplexStreaming, "test.Keep", "Keep", EchoService.Raw, EchoService.Raw);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Handler_ThatBlocks_KeepsNoOtherCallOfItsConnection(bool isBegun)
    {
        using var go = new ManualResetEventSlim();
        await using var server = await StartAsync(isBegun, go);
        await using var channel = Servers.Connect(server);
        var invoker = channel.CreateCallInvoker();
        using var chat = invoker.AsyncDuplexStreamingCall(EchoService.Chat, null, default);
        await EchoAsync(chat, 1);
        using var kept = invoker.AsyncDuplexStreamingCall(Keep, null, default);
        try
        {
            // The handler is on the thread that begins it, or on the one that brought it the second message.
            await kept.RequestStream.WriteAsync([1]);
            if (isBegun)
            {
                Assert.True(await kept.ResponseStream.MoveNext(Servers.Token).WaitAsync(Patience, Servers.Token));
                await kept.RequestStream.WriteAsync([2]);
            }

            for (byte i = 2; i < 20; i++)
            {
                await EchoAsync(chat, i);
            }

            using var unary = invoker.AsyncUnaryCall(EchoService.Unary, null, default, [3]);
            Assert.Equal([3], await unary.ResponseAsync.WaitAsync(Patience, Servers.Token));
        }
        finally
        {
            go.Set();
        }

        await kept.RequestStream.CompleteAsync();
        Assert.True(await kept.ResponseStream.MoveNext(Servers.Token).WaitAsync(Patience, Servers.Token));
    }

    private static async Task EchoAsync(AsyncDuplexStreamingCall<byte[], byte[]> chat, byte value)
    {
        await chat.RequestStream.WriteAsync([value]);
        Assert.True(await chat.ResponseStream.MoveNext(Servers.Token).WaitAsync(Patience, Servers.Token));
        Assert.Equal([value], chat.ResponseStream.Current);
    }

    private static Task<RpcServer> StartAsync(bool isBegun, ManualResetEventSlim go)
    {
        var options = new RpcServerOptions();
        options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        options.Services.Add(EchoService.Build());
        options.Services.Add(ServerServiceDefinition.CreateBuilder()
            .AddMethod(Keep, (requests, responses, context) => KeepAsync(requests, responses, isBegun, go))
            .Build());
        return RpcServer.StartAsync(options, Servers.Token);
    }

    private static async Task KeepAsync(
        IAsyncStreamReader<byte[]> requests, IServerStreamWriter<byte[]> responses, bool isBegun,
        ManualResetEventSlim go)
    {
        if (isBegun)
        {
            await requests.MoveNext(CancellationToken.None).ConfigureAwait(false);
            await responses.WriteAsync([1]).ConfigureAwait(false);
            await requests.MoveNext(CancellationToken.None).ConfigureAwait(false);
        }

        Assert.True(go.Wait(Patience), "the handler was never let go");
        await responses.WriteAsync([2]).ConfigureAwait(false);
    }
}
