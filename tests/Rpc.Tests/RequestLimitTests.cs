using System.Buffers.Binary;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Rpc.Tests;

/// <summary>What a caller can make a server keep of a request that it does not finish.</summary>
public sealed class RequestLimitTests
{
    private static readonly Method<byte[], byte[]> Small =
        new(MethodType.Unary, "test.Small", "Take", EchoService.Raw, EchoService.Raw) { MaxRequestBytes = 100 };

    private static readonly Method<byte[], byte[]> Large =
        new(MethodType.Unary, "test.Small", "TakeMore", EchoService.Raw, EchoService.Raw) { MaxRequestBytes = 5_000 };

    private readonly ManualTimeProvider _time = new();
    private readonly TaskCompletionSource _never = new();

    [Fact]
    public async Task Request_OverTheLimitOfItsMethod_IsRefusedByItsPrefix()
    {
        await using var server = await StartAsync(new RpcServiceOptions { MaxReceiveMessageBytes = 1_000 });
        using var client = Client();

        // Nothing follows the prefix, so that who waits for it would wait for ever.
        Assert.Equal("8", await StatusAsync(client, server, Small, Prefix(101)));
        Assert.Equal("8", await StatusAsync(client, server, EchoService.Unary, Prefix(1_001)));
        await using var channel = Servers.Connect(server);
        Assert.Equal(100, (await UnaryAsync(channel, Small, 100)).Length);
        Assert.Equal(5_000, (await UnaryAsync(channel, Large, 5_000)).Length);
        Assert.Equal(
            StatusCode.ResourceExhausted, (await Servers.FailsAsync(UnaryAsync(channel, Large, 5_001))).StatusCode);
    }

    [Fact]
    public async Task Response_OverTheLimitOfItsMethod_IsNotTakenIn()
    {
        await using var server = await StartAsync(new RpcServiceOptions());
        await using var channel = Servers.Connect(server);
        var careful = new Method<byte[], byte[]>(
            MethodType.Unary, "test.Echo", "Unary", EchoService.Raw, EchoService.Raw) { MaxResponseBytes = 100 };
        Assert.Equal(100, (await UnaryAsync(channel, careful, 100)).Length);
        Assert.Equal(
            StatusCode.ResourceExhausted, (await Servers.FailsAsync(UnaryAsync(channel, careful, 101))).StatusCode);
    }

    [Fact]
    public async Task Request_ThatIsNotFinished_EndsAfterTheReadTimeout()
    {
        var calls = new RpcServiceOptions { TimeProvider = _time };
        await using var server = await StartAsync(calls);
        using var client = Client();
        byte[][] parts = [[], [0, 0], Prefix(9), [.. Prefix(1), 7]];
        foreach (var part in parts)
        {
            var status = StatusAsync(client, server, EchoService.Unary, part);
            await ArmedAsync(calls.ReadTimeout);
            _time.Advance(calls.ReadTimeout - TimeSpan.FromMilliseconds(1));
            Assert.False(status.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal("4", await status);
        }
    }

    [Fact]
    public async Task Stream_WaitsForItsNextRequestForEver_AndForTheRestOfOneNotSo()
    {
        var calls = new RpcServiceOptions { TimeProvider = _time };
        await using var server = await StartAsync(calls);
        using var client = Client();
        var more = new TaskCompletionSource();
        using var content = new PushContent(async (stream, token) =>
        {
            await stream.WriteAsync((byte[])[.. Prefix(1), 7], token);
            await stream.FlushAsync(token);
            await more.Task;
            await stream.WriteAsync((byte[])[.. Prefix(1), 7, .. Prefix(2), 7], token);
            await stream.FlushAsync(token);
            await _never.Task.WaitAsync(token);
        });
        using var response = await client.SendAsync(
            Request(server, EchoService.Chat, content), HttpCompletionOption.ResponseHeadersRead, Servers.Token);
        var answers = await response.Content.ReadAsStreamAsync(Servers.Token);
        var answer = new byte[6];
        await answers.ReadExactlyAsync(answer, Servers.Token);

        // The client has its answer before the server has heard that it is written.
        await HoldsAsync(() => _time.Armed == 0);
        _time.Advance(100 * calls.ReadTimeout);
        more.SetResult();
        await answers.ReadExactlyAsync(answer, Servers.Token);
        await ArmedAsync(calls.ReadTimeout);
        _time.Advance(calls.ReadTimeout);
        Assert.Equal(0, await answers.ReadAsync(answer, Servers.Token));
        Assert.Equal(["4"], response.TrailingHeaders.GetValues("grpc-status"));
    }

    // Timers of calls that have ended may be there still.
    private Task ArmedAsync(TimeSpan due) => HoldsAsync(() => _time.IsArmed(due));

    private static Task HoldsAsync(Func<bool> condition) => Eventually.HoldsAsync(
        () => Task.FromResult(condition()), holds => holds, Servers.Patience, Servers.Token);

    private static byte[] Prefix(uint length)
    {
        var prefix = new byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(prefix.AsSpan(1), length);
        return prefix;
    }

    private static HttpClient Client() => new() { Timeout = Servers.Patience };

    private static HttpRequestMessage Request(RpcServer server, IMethod method, HttpContent content) => new()
    {
        Method = HttpMethod.Post,
        RequestUri = new Uri($"{server.Endpoints[0]}{method.FullName}"),
        Version = new Version(2, 0),
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = content,
    };

    private static async Task<byte[]> UnaryAsync(RpcChannel channel, Method<byte[], byte[]> method, int bytes)
    {
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, new byte[bytes]);
        return await call.ResponseAsync.WaitAsync(Servers.Patience, Servers.Token);
    }

    private static Task<RpcServer> StartAsync(RpcServiceOptions calls)
    {
        var options = new RpcServerOptions { Calls = calls };
        options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        options.Services.Add(EchoService.Build());
        options.Services.Add(ServerServiceDefinition.CreateBuilder()
            .AddMethod(Small, (request, _) => Task.FromResult(request))
            .AddMethod(Large, (request, _) => Task.FromResult(request))
            .Build());
        return RpcServer.StartAsync(options, Servers.Token);
    }

    // Sends these bytes and no end.
    private async Task<string> StatusAsync(HttpClient client, RpcServer server, IMethod method, byte[] bytes)
    {
        using var content = new PushContent(async (stream, token) =>
        {
            await stream.WriteAsync(bytes, token);
            await stream.FlushAsync(token);
            await _never.Task.WaitAsync(token);
        });
        using var response = await client.SendAsync(
            Request(server, method, content), HttpCompletionOption.ResponseHeadersRead, Servers.Token);
        return Assert.Single(response.Headers.GetValues("grpc-status"));
    }
}
