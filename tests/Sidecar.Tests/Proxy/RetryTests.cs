using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Sidecar.Proxy;
using Fairlead.TestKit;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>What happens when endpoints fail: which requests go elsewhere, and which may not.</summary>
public sealed class RetryTests
{
    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Endpoint_ThatRefusesConnections_CostsNoRequest(string method)
    {
        using var closed = new ClosedPort();
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync(new ProxyOptions { AccessLog = AccessLogMode.Sampled });
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(closed.Port), ProxyWorld.Endpoint(backend.Port)]));
        for (var i = 0; i < 30; i++)
        {
            using var response = await world.SendAsync(
                method: new HttpMethod(method), content: method == "POST" ? new StringContent("b") : null);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        // Tried until it was ejected, three times, and never again. A client has its answer before it is logged.
        await ForwardingTests.Eventually(() => world.Log.Access.Count() == 30);
        Assert.Equal(3, world.Log.Access.Count(line => line.Contains("attempts=2", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Endpoints_ThatAllRefuse_Are502()
    {
        using var closed = new ClosedPort();
        await using var world = await ProxyWorld.StartAsync(new ProxyOptions { AccessLog = AccessLogMode.Sampled });
        world.Publish(
            ProxyWorld.Service(
                Enumerable.Range(1, 5).Select(i => ProxyWorld.Endpoint(closed.Port, address: $"127.0.0.{i}"))));
        using var response = await world.SendAsync();
        await ProxyWorld.IsProblemAsync(response, 502, "endpoint-unreachable");
        await ForwardingTests.Eventually(() => world.Log.Access.Any());
        Assert.Contains("attempts=3 ", Assert.Single(world.Log.Access), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", false, 200)]
    [InlineData("DELETE", false, 200)]
    [InlineData("POST", false, 502)]
    [InlineData("PATCH", false, 502)]
    [InlineData("PUT", true, 502)]
    [InlineData("POST", true, 502)]
    public async Task Connection_ThatBreaks_IsRetriedOnlyWhereThatIsSafe(string method, bool hasBody, int status)
    {
        await using var broken = new Breaking();
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync();

        // The broken one is nearer, so that it is always tried first.
        world.Publish(
            ProxyWorld.Service(
                [ProxyWorld.Endpoint(broken.Port, priority: 0), ProxyWorld.Endpoint(backend.Port, priority: 1)]));
        using var response = await world.SendAsync(
            method: new HttpMethod(method), content: hasBody ? new StringContent("body") : null);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 ? 1 : 0, backend.Requests);
        if (status != 200)
        {
            await ProxyWorld.IsProblemAsync(response, 502, "endpoint-unreachable");
        }
    }

    [Fact]
    public async Task Answer_OfAnEndpoint_IsNotRetried()
    {
        await using var one = await Backend.StartAsync(Unavailable);
        await using var two = await Backend.StartAsync(Unavailable);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(one.Port), ProxyWorld.Endpoint(two.Port)]));
        using var response = await world.SendAsync();
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Equal(1, one.Requests + two.Requests);

        static Task Unavailable(HttpContext context)
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        }
    }

    /// <summary>A field that no client may be sent: the request came to where it was to go, and is not sent
    /// again.</summary>
    [Fact]
    public async Task Answer_ThatCannotBePassedOn_Is502AndNotRetried()
    {
        const string answer = "HTTP/1.1 200 OK\r\nX-Odd: a\u0001b\r\nContent-Length: 0\r\n\r\n";
        using var closed = new ClosedPort();
        await using var odd = new Breaking(answer);
        await using var world = await ProxyWorld.StartAsync(new ProxyOptions { AccessLog = AccessLogMode.Sampled });
        world.Publish(ProxyWorld.Service(
            [ProxyWorld.Endpoint(odd.Port, priority: 0), ProxyWorld.Endpoint(closed.Port, priority: 1)]));
        using var response = await world.SendAsync();
        await ProxyWorld.IsProblemAsync(response, 502, "endpoint-unreachable");
        await ForwardingTests.Eventually(() => world.Log.Access.Any());
        Assert.Contains("attempts=1 ", Assert.Single(world.Log.Access), StringComparison.Ordinal);
    }

    /// <summary>It takes connections, as the kernel of a stopped process does, and reads nothing.</summary>
    [Fact]
    public async Task Endpoint_ThatTakesNothingOfTheBody_IsOverItsBudget()
    {
        using var frozen = new Socket(SocketType.Stream, ProtocolType.Tcp);
        frozen.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        frozen.Listen();
        var time = new ManualTimeProvider();
        await using var world = await ProxyWorld.StartAsync(time: time);
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(((IPEndPoint)frozen.LocalEndPoint!).Port)]));
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(world.Server.Http1, TestContext.Current.CancellationToken);
        var sending = SendWithoutEndAsync(client);
        var answer = new byte[4096];
        var receiving = client.ReceiveAsync(answer);
        await ForwardingTests.Advance(time, receiving);
        Assert.True(receiving.IsCompleted);
        var text = Encoding.Latin1.GetString(answer, 0, await receiving);
        Assert.StartsWith("HTTP/1.1 504 ", text, StringComparison.Ordinal);
        Assert.Contains("fairlead-reason: budget", text, StringComparison.Ordinal);
        client.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);

        static async Task SendWithoutEndAsync(Socket client)
        {
            var head = $"POST / HTTP/1.1\r\nHost: {ProxyWorld.Name}\r\nContent-Length: {long.MaxValue}\r\n\r\n";
            await client.SendAsync(Encoding.Latin1.GetBytes(head));
            while (true)
            {
                await client.SendAsync(new byte[64 * 1024]);
            }
        }
    }

    /// <summary>An endpoint that says it cannot serve is left out, and comes back by a probe.</summary>
    [Fact]
    public async Task Endpoint_ThatFailsInARow_IsLeftOutAndProbed()
    {
        var time = new ManualTimeProvider();
        var isSick = true;
        await using var sick = await Backend.StartAsync(context =>
        {
            context.Response.StatusCode = Volatile.Read(ref isSick) ? 503 : 200;
            return Task.CompletedTask;
        });
        await using var well = await Backend.StartAsync(_ => Task.CompletedTask);
        await using var world = await ProxyWorld.StartAsync(time: time);
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(sick.Port), ProxyWorld.Endpoint(well.Port)]));
        await SendManyAsync(world, 60);
        Assert.Equal(3, sick.Requests);

        time.Advance(TimeSpan.FromSeconds(6));
        await SendManyAsync(world, 30);
        Assert.Equal(4, sick.Requests);

        Volatile.Write(ref isSick, false);
        time.Advance(TimeSpan.FromSeconds(12));
        await SendManyAsync(world, 60);
        Assert.InRange(sick.Requests, 15, 60);
    }

    [Fact]
    public async Task Endpoint_Removed_FinishesWhatItHas()
    {
        var go = new TaskCompletionSource();
        await using var old = await Backend.StartAsync(async context =>
        {
            await context.Response.WriteAsync("begun ");
            await context.Response.Body.FlushAsync();
            await go.Task;
            await context.Response.WriteAsync("and done");
        });
        await using var next = await Backend.StartAsync(context => context.Response.WriteAsync("new"));
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(old.Port)]));
        using var held = await world.SendAsync(until: HttpCompletionOption.ResponseHeadersRead);

        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(next.Port)]));
        for (var i = 0; i < 10; i++)
        {
            using var response = await world.SendAsync();
            Assert.Equal("new", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        go.SetResult();
        Assert.Equal("begun and done", await held.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, old.Requests);
    }

    [Fact]
    public async Task Client_ThatGoesAway_SaysNothingAboutTheEndpoint()
    {
        var aborted = 0;
        await using var slow = await Backend.StartAsync(async context =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Increment(ref aborted);
        });
        await using var other = await Backend.StartAsync(_ => Task.CompletedTask);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(
            ProxyWorld.Service(
                [ProxyWorld.Endpoint(slow.Port, priority: 0), ProxyWorld.Endpoint(other.Port, priority: 1)]));
        for (var i = 1; i <= 4; i++)
        {
            using var client = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{world.Server.Http1}/");
            request.Headers.Host = ProxyWorld.Name;
            using var leave = new CancellationTokenSource();
            var sending = client.SendAsync(request, leave.Token);
            await ForwardingTests.Eventually(() => slow.Requests == i);
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
            await ForwardingTests.Eventually(() => Volatile.Read(ref aborted) == i);
        }

        Assert.Equal(0, other.Requests);
        await ForwardingTests.Eventually(
            () =>
                world.Log.Access.Count(
                    line => line.Contains(" 499 reason=client-gone", StringComparison.Ordinal)) == 4);
    }

    private static async Task SendManyAsync(ProxyWorld world, int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var response = await world.SendAsync();
        }
    }

    /// <summary>A port where nobody listens, at any address, and which nobody else gets meanwhile.</summary>
    private sealed class ClosedPort : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        internal ClosedPort() => _socket.Bind(new IPEndPoint(IPAddress.Any, 0));

        internal int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

        public void Dispose() => _socket.Dispose();
    }

    /// <summary>Takes a request, all of it, says what it is told, and closes the connection.</summary>
    private sealed class Breaking : IAsyncDisposable
    {
        private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
        private readonly string _answer;
        private readonly Task _running;

        internal Breaking(string answer = "")
        {
            _answer = answer;
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            _running = RunAsync();
        }

        internal int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task RunAsync()
        {
            while (true)
            {
                using var socket = await _listener.AcceptAsync();
                var seen = new StringBuilder();
                var buffer = new byte[4096];
                while (!seen.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    var read = await socket.ReceiveAsync(buffer);
                    if (read == 0)
                    {
                        break;
                    }

                    seen.Append(Encoding.Latin1.GetString(buffer, 0, read));
                }

                await socket.SendAsync(Encoding.Latin1.GetBytes(_answer));
            }
        }
    }
}
