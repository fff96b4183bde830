using System.Buffers.Binary;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Rpc.Tests;

/// <summary>What becomes of callers who begin and do not go on. What the transport times is timed by the system's
/// clock, which it looks at once a second.</summary>
public sealed class SlowCallerTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = Servers.Patience;

    [Fact]
    public async Task Response_ThatNobodyReads_EndsItsStreamAfterTheWriteTimeout()
    {
        var time = new ManualTimeProvider();
        var options = new RpcServerOptions { Calls = new RpcServiceOptions { TimeProvider = time } };
        await using var server = await StartAsync(options);
        using var raw = await RawConnection.ConnectAsync(server);
        await raw.OpenAsync(100);
        await MakeAsync(raw, 1, 100_000);
        Assert.Equal(100, (await raw.ReadAsync(RawConnection.Data, 1))!.Length);
        await Eventually.HoldsAsync(
            () => Task.FromResult(time.Armed), armed => armed == 1, Patience, Servers.Token);
        time.Advance(options.Calls.WriteTimeout);
        Assert.NotNull(await raw.ReadAsync(RawConnection.Reset, 1));

        await MakeAsync(raw, 3, 10);
        Assert.Equal(15, (await raw.ReadAsync(RawConnection.Data, 3))!.Length);
    }

    /// <summary>Neither where it is the end of a response that waits for a window, nor where it is all that is written
    /// to a caller who takes nothing from the system.</summary>
    [Theory]
    [InlineData(10, 1)]
    [InlineData(4_000_000, int.MaxValue)]
    public async Task Response_ThatNobodyReads_EndsItsConnection(int bytes, int window)
    {
        var options = new RpcServerOptions
        {
            KeepAlivePeriod = TimeSpan.MaxValue,
            Calls = new RpcServiceOptions { WriteTimeout = Short },
            Strangers = new StrangerLimits(),
        };
        await using var server = await StartAsync(options);
        using var raw = await RawConnection.ConnectAsync(server, receiveBytes: 1 << 12);
        await raw.OpenAsync(window);
        Assert.NotNull(await raw.ReadAsync(RawConnection.Settings, 0));
        Assert.Equal(1, server.Strangers.Connections);
        await UntilEndedAsync(async () =>
        {
            for (var stream = 1; stream < 16; stream += 2)
            {
                await MakeAsync(raw, stream, bytes);
            }
        });
        await HoldsAsync(server, 0);
    }

    [Fact]
    public async Task Opening_ThatIsNotFinished_EndsTheConnection()
    {
        using var identity = Servers.Identity();
        var tls = new RpcServerTls(identity);
        await using var open = await StartAsync(new RpcServerOptions { OpeningTimeout = Short });
        await using var secure = await StartAsync(
            new RpcServerOptions { OpeningTimeout = Short, Endpoints = { RpcEndpoint.Tcp(Servers.Any, tls) } });
        await using var patient = await StartAsync(
            new RpcServerOptions { OpeningTimeout = Patience, Endpoints = { RpcEndpoint.Tcp(Servers.Any, tls) } });
        using var silent = await RawConnection.ConnectAsync(secure);
        using var headers = await RawConnection.ConnectAsync(open);
        await UntilEndedAsync(async () =>
        {
            await headers.OpenAsync(1 << 16);
            await headers.CallAsync(1, EchoService.Unary, flags: 0);
        });
        using var later = await RawConnection.ConnectAsync(patient);
        var waits = later.EndsAsync();
        foreach (var ends in new[] { silent.EndsAsync(), headers.EndsAsync() })
        {
            Assert.Same(ends, await Task.WhenAny(ends, waits));
            await ends;
        }
    }

    [Fact]
    public async Task Connection_OverTheMostOfAll_IsClosedAtOnce()
    {
        await using var server = await StartAsync(new RpcServerOptions { MaxConnections = 1 });
        using var first = await RawConnection.ConnectAsync(server);
        await first.OpenAsync(1 << 16);
        Assert.NotNull(await first.ReadAsync(RawConnection.Settings, 0));
        using var second = await RawConnection.ConnectAsync(server);
        await second.EndsAsync();
        await MakeAsync(first, 1, 10);
        Assert.Equal(15, (await first.ReadAsync(RawConnection.Data, 1))!.Length);
    }

    // The connection may be ended before all of it is written.
    private static async Task UntilEndedAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (IOException)
        {
        }
    }

    private static async Task MakeAsync(RawConnection connection, int stream, int bytes)
    {
        var size = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, bytes);
        await connection.CallAsync(stream, EchoService.Make);
        await connection.MessageAsync(stream, size);
    }

    private static Task HoldsAsync(RpcServer server, int connections) => Eventually.HoldsAsync(
        () => Task.FromResult(server.Strangers.Connections), held => held == connections, Patience, Servers.Token);

    private static Task<RpcServer> StartAsync(RpcServerOptions options)
    {
        if (options.Endpoints.Count == 0)
        {
            options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        }

        options.Services.Add(EchoService.Build());
        return RpcServer.StartAsync(options, Servers.Token);
    }
}
