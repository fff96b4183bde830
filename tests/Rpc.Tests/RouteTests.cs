using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Rpc.Tests;

public sealed class RouteTests
{
    [Fact]
    public async Task MapRpcService_InAnotherApplication_ServesAndRefuses()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        var listening = new List<ListenOptions>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(Servers.Any, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listening.Add(listen);
        }));
        await using var app = builder.Build();
        app.MapRpcService(EchoService.Build());
        await app.StartAsync(Servers.Token);
        await using var channel = new RpcChannel($"http://{listening[0].IPEndPoint}");
        var invoker = channel.CreateCallInvoker();
        using var call = invoker.AsyncUnaryCall(EchoService.Unary, null, default, [1]);
        Assert.Equal([1], await call);
        using var unknown = invoker.AsyncUnaryCall(EchoService.Unknown, null, default, [1]);
        Assert.Equal(StatusCode.Unimplemented, (await Servers.FailsAsync(unknown.ResponseAsync)).StatusCode);
    }

    [Fact]
    public async Task Streams_ByTheHundreds_ShareAConnection()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        var invoker = channel.CreateCallInvoker();
        var calls = new List<AsyncDuplexStreamingCall<byte[], byte[]>>();
        for (var i = 0; i < 300; i++)
        {
            var call = invoker.AsyncDuplexStreamingCall(EchoService.Chat, null, default);
            await call.RequestStream.WriteAsync([(byte)i]);
            calls.Add(call);
        }

        foreach (var (index, call) in calls.Index())
        {
            Assert.True(await call.ResponseStream.MoveNext(Servers.Token));
            Assert.Equal([(byte)index], call.ResponseStream.Current);
            call.Dispose();
        }
    }
}
