using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Text;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Rpc.Tests;

/// <summary>What callers can make a server hold whom it has not accepted.</summary>
public sealed class StrangerLimitTests
{
    private static readonly TimeSpan Patience = Servers.Patience;
    private static readonly IPAddress Greedy = IPAddress.Parse("127.0.0.9");
    private static readonly IPAddress Other = IPAddress.Parse("127.0.0.8");

    private static readonly Method<byte[], byte[]> Knock =
        new(MethodType.Unary, "test.Door", "Knock", EchoService.Raw, EchoService.Raw);

    private static readonly Method<byte[], byte[]> Deaf =
        new(MethodType.DuplexStreaming, "test.Door", "Deaf", EchoService.Raw, EchoService.Raw);

    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<StrangerRefusal> _refused = new();

    [Fact]
    [MaliciousInput(144, "connections of strangers beyond the most: TooManyConnections")]
    public async Task Connections_OverTheMost_AreTakenFromTheAddressThatHasMost()
    {
        await using var server = await StartAsync(limits => limits.Connections = 4);
        using var first = await ConnectAsync(server, Greedy);
        using var second = await ConnectAsync(server, Greedy);
        using var early = await ConnectAsync(server, Other);
        using var third = await ConnectAsync(server, Greedy);
        await HoldsAsync(server, 4);

        using var late = await ConnectAsync(server, IPAddress.Loopback);
        await first.EndsAsync();
        Assert.Equal([StrangerRefusal.TooManyConnections], _refused);
        foreach (var one in new[] { second, early, third, late })
        {
            await AnswersAsync(one, 3);
        }
    }

    [Fact]
    public async Task Caller_WhoIsAccepted_IsNoStrangerAnyMore()
    {
        await using var server = await StartAsync(limits => (limits.Connections, limits.CallsAtOnce) = (1, 2));
        await using var known = Servers.Connect(server);
        Assert.Equal([7], await UnaryAsync(known, Knock, [7]));
        await HoldsAsync(server, 0);
        using var first = await ConnectAsync(server, Greedy);
        using var second = await ConnectAsync(server, Greedy);
        await first.EndsAsync();

        var chats = Enumerable.Range(0, 5)
            .Select(_ => known.CreateCallInvoker().AsyncDuplexStreamingCall(EchoService.Chat, null, default)).ToList();
        for (var i = 0; i < 2; i++)
        {
            foreach (var chat in chats)
            {
                await chat.RequestStream.WriteAsync([8]);
                Assert.True(await chat.ResponseStream.MoveNext(Servers.Token).WaitAsync(Patience, Servers.Token));
            }

            _time.Advance(TimeSpan.FromHours(1));
        }

        await second.EndsAsync();
        Assert.Contains(StrangerRefusal.Idle, _refused);
        chats.ForEach(chat => chat.Dispose());
    }

    [Fact]
    [MaliciousInput(145, "calls at once of a stranger beyond the most: TooManyCalls")]
    public async Task Calls_AtOnceOverTheMost_AreRefusedByName()
    {
        await using var server = await StartAsync(limits => limits.CallsAtOnce = 2);
        using var raw = await ConnectAsync(server, Greedy);
        await raw.CallAsync(1, EchoService.Hang);
        await raw.CallAsync(3, EchoService.Hang);

        // Streams begin on any thread, in any order.
        await HoldsAsync(server, held => held.Bytes >= 16 << 10);
        await raw.CallAsync(5, EchoService.Unary);
        var headers = Encoding.ASCII.GetString((await raw.ReadAsync(RawConnection.Headers, 5))!);
        Assert.Contains(nameof(StrangerRefusal.TooManyCalls), headers, StringComparison.Ordinal);
        Assert.Equal([StrangerRefusal.TooManyCalls], _refused);

        // With one fewer there is room again.
        await raw.FrameAsync(RawConnection.Reset, 0, 1, [0, 0, 0, 8]);
        await HoldsAsync(server, held => held.Bytes is > 0 and < 16 << 10);
        await AnswersAsync(raw, 7);
    }

    [Fact]
    [MaliciousInput(146, "calls in all of a stranger beyond the most: TooManyStreams")]
    public async Task Calls_InAllOverTheMost_CloseTheConnection()
    {
        await using var server = await StartAsync(limits => (limits.CallsInAll, limits.CallsAtOnce) = (3, 2));
        using var raw = await ConnectAsync(server, Greedy);
        for (var stream = 1; stream <= 5; stream += 2)
        {
            await AnswersAsync(raw, stream);
        }

        await raw.EndsAsync();
        Assert.True(raw.WasToldToGo);

        // A caller that heeds it is served over a new connection.
        await using var channel = Servers.Connect(server);
        for (byte i = 0; i < 10; i++)
        {
            Assert.Equal([i], await UnaryAsync(channel, EchoService.Unary, [i]));
        }

        // One that does not is cut off.
        using var deaf = await ConnectAsync(server, Greedy);
        try
        {
            for (var stream = 1; stream <= 11; stream += 2)
            {
                await deaf.CallAsync(stream, EchoService.Hang);
            }
        }
        catch (IOException)
        {
            // It is closed as soon as it has too many.
        }

        await deaf.EndsAsync();
        Assert.Contains(StrangerRefusal.TooManyStreams, _refused);
    }

    [Theory]
    [InlineData("a request that goes on")]
    [InlineData("a response that is not read")]
    [InlineData("requests that the call does not read")]
    [MaliciousInput(147, "bytes held for strangers beyond the most: TooManyBytes")]
    public async Task Bytes_OverTheMost_AreTakenFromTheAddressThatHasMost(string what)
    {
        await using var server = await StartAsync(limits => limits.Bytes = 400_000);
        using var small = await ConnectAsync(server, Other);
        await small.CallAsync(1, EchoService.Unary);
        await HoldsAsync(server, held => held.Bytes is > 0 and < 20_000);
        using var greedy = await ConnectAsync(server, Greedy, window: 1);
        await FillAsync(greedy, 1, 250_000, what);
        await HoldsAsync(server, held => held.Bytes > 250_000);
        Assert.Empty(_refused);

        try
        {
            await FillAsync(greedy, 3, 250_000, what);
        }
        catch (IOException)
        {
            // It is closed as soon as it has too much.
        }

        await greedy.EndsAsync();
        Assert.Equal([StrangerRefusal.TooManyBytes], _refused);
        await small.MessageAsync(1, [1, 2]);
        Assert.Equal([0, 0, 0, 0, 2, 1, 2], await small.ReadAsync(RawConnection.Data, 1));
        await HoldsAsync(server, held => held is { Connections: 1, Bytes: < 8 << 10 });
    }

    /// <summary>What is waited for behind a message is held as it came: nothing is made of a compressed one before the
    /// stream has ended behind it, and then all of it counts.</summary>
    [Fact]
    [MaliciousInput(147, "compressed bytes held for strangers beyond the most: TooManyBytes")]
    public async Task Bytes_OfACompressedRequest_CountAsTheyAreHeld()
    {
        await using var server = await StartAsync(limits => limits.Bytes = 400_000);
        using var greedy = await ConnectAsync(server, Greedy);
        await ZerosAsync(greedy, 1, 250_000);
        await ZerosAsync(greedy, 3, 250_000);
        await HoldsAsync(server, held => held.Bytes is > 0 and < 100_000);
        Assert.Empty(_refused);

        await ZerosAsync(greedy, 5, 450_000, isLast: true);
        await greedy.EndsAsync();
        Assert.Equal([StrangerRefusal.TooManyBytes], _refused);
    }

    /// <summary>A second message behind the only one ends the call, though the stream does not end.</summary>
    [Fact]
    public async Task Request_BehindTheOnlyOne_EndsTheCall()
    {
        await using var server = await StartAsync(limits => limits.Bytes = 400_000);
        using var caller = await ConnectAsync(server, Greedy);
        await caller.CallAsync(1, EchoService.Unary);
        await caller.MessageAsync(1, [1, 2], flags: 0);
        await HoldsAsync(server, held => held.Bytes > 0);
        await caller.FrameAsync(RawConnection.Data, 0, 1, [0]);
        await HoldsAsync(server, held => held.Bytes == 0);
    }

    [Fact]
    public async Task Connection_WithoutCallsOrForTooLong_IsClosed()
    {
        await using var server = await StartAsync(limits => (limits.Idle, limits.Life) = (Seconds(20), Seconds(100)));
        using var silent = await RawConnection.ConnectAsync(server, Greedy);
        using var idle = await ConnectAsync(server, Greedy);
        using var busy = await ConnectAsync(server, Greedy);
        await busy.CallAsync(1, EchoService.Hang);
        await HoldsAsync(server, held => held is { Connections: 3, Bytes: > 0 });
        _time.Advance(Seconds(19));
        await AnswersAsync(idle, 1);
        _time.Advance(Seconds(19));
        await silent.EndsAsync();
        await HoldsAsync(server, 2);
        _time.Advance(Seconds(21)); // Its call may have been over only then.
        await idle.EndsAsync();
        Assert.All(_refused, why => Assert.Equal(StrangerRefusal.Idle, why));
        await HoldsAsync(server, 1);

        _time.Advance(Seconds(60));
        await busy.EndsAsync();
        Assert.Contains(StrangerRefusal.TooLong, _refused);
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static async Task FillAsync(RawConnection connection, int stream, int bytes, string what)
    {
        if (!what.StartsWith("a response", StringComparison.Ordinal))
        {
            var isUnread = what.StartsWith("requests", StringComparison.Ordinal);
            await connection.CallAsync(stream, isUnread ? Deaf : EchoService.Unary);
            await connection.FrameAsync(RawConnection.Data, 0, stream, [0, .. Big(bytes + 1)]);
            for (var left = bytes; left > 0; left -= 10_000)
            {
                await connection.FrameAsync(RawConnection.Data, 0, stream, new byte[10_000]);
            }

            return;
        }

        await connection.CallAsync(stream, EchoService.Make);
        await connection.MessageAsync(stream, Big(bytes));
    }

    // A message that is not the end of its stream.
    private static async Task ZerosAsync(RawConnection connection, int stream, int bytes, bool isLast = false)
    {
        using var compressed = new MemoryStream();
        await using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(new byte[bytes], Servers.Token);
        }

        await connection.CallAsync(stream, EchoService.Unary, encoding: "gzip");
        await connection.FrameAsync(
            RawConnection.Data, isLast ? RawConnection.EndStream : (byte)0, stream,
            [1, .. Big((int)compressed.Length), .. compressed.ToArray()]);
    }

    private static byte[] Big(int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static async Task<RawConnection> ConnectAsync(RpcServer server, IPAddress from, int window = 1 << 16)
    {
        var connection = await RawConnection.ConnectAsync(server, from);
        await connection.OpenAsync(window);

        // It has been accepted by the system, and counted, once it was answered.
        Assert.NotNull(await connection.ReadAsync(RawConnection.Settings, 0));
        return connection;
    }

    private static async Task AnswersAsync(RawConnection connection, int stream)
    {
        await connection.CallAsync(stream, EchoService.Unary);
        await connection.MessageAsync(stream, [5]);
        Assert.Equal([0, 0, 0, 0, 1, 5], await connection.ReadAsync(RawConnection.Data, stream));
    }

    private static Task HoldsAsync(RpcServer server, int connections) =>
        HoldsAsync(server, held => held.Connections == connections);

    private static Task HoldsAsync(RpcServer server, Func<(int Connections, long Bytes), bool> expected) =>
        Eventually.HoldsAsync(() => Task.FromResult(server.Strangers), expected, Patience, Servers.Token);

    private static async Task<byte[]> UnaryAsync(RpcChannel channel, Method<byte[], byte[]> method, byte[] request)
    {
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, request);
        return await call.ResponseAsync.WaitAsync(Patience, Servers.Token);
    }

    private Task<RpcServer> StartAsync(Action<StrangerLimits> limit)
    {
        var strangers = new StrangerLimits { Refused = _refused.Enqueue };
        limit(strangers);
        var options = new RpcServerOptions
        {
            Strangers = strangers,

            // The clock moves while a write may not have been heard to be done: none is overdue here.
            Calls = new RpcServiceOptions { TimeProvider = _time, WriteTimeout = Timeout.InfiniteTimeSpan },
        };
        options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        options.Services.Add(EchoService.Build());
        options.Services.Add(ServerServiceDefinition.CreateBuilder().AddMethod(
            Knock,
            (byte[] request, ServerCallContext context) =>
            {
                context.Accept();
                return Task.FromResult(request);
            }).AddMethod(
            Deaf,
            (IAsyncStreamReader<byte[]> _, IServerStreamWriter<byte[]> _, ServerCallContext context) =>
                Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken)).Build());
        return RpcServer.StartAsync(options, Servers.Token);
    }
}
