using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Hosting.Tests;

public sealed class PageServerTests
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_ByPath_AreServedAndNothingElse()
    {
        await using var server = await StartAsync(AnyPort);
        using var client = new HttpClient { BaseAddress = new Uri($"http://{server.Address}") };
        using var ready = await client.GetAsync("/ready", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("not ready: tea\n", await ready.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("{\"a\":1}", await client.GetStringAsync("/json", Cancelled));
        using var missing = await client.GetAsync("/", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using var posted = await client.PostAsync("/json", null, Cancelled);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        Assert.False(ready.Headers.Contains("Server"));
    }

    /// <summary>Idle ones cost neither descriptors nor whoever asks from elsewhere.</summary>
    [Fact]
    public async Task Connections_OverTheBound_TakeThePlaceOfTheOldestOfWhoHasMost()
    {
        await using var server = await StartAsync(AnyPort);
        using var other = await ConnectAsync(server, "127.0.0.2");
        var many = new List<Socket>();
        try
        {
            for (var i = 0; i < 256; i++)
            {
                many.Add(await ConnectAsync(server, "127.0.0.1"));
                if (i < 2)
                {
                    // What is taken in on any thread is in this order once it was answered.
                    await AskAsync(many[i]);
                }
            }

            await ClosedAsync(many[0]);
            many.Add(await ConnectAsync(server, "127.0.0.1"));
            await ClosedAsync(many[1]);
            foreach (var open in (Socket[])[other, many[2], many[^1]])
            {
                await AskAsync(open);
            }
        }
        finally
        {
            many.ForEach(socket => socket.Dispose());
        }
    }

    [Theory]
    [InlineData("0.0.0.0:0")]
    [InlineData("[::]:0")]
    [InlineData("192.0.2.1:16001")]
    public async Task Start_LoopbackOnlyElsewhere_IsRefused(string address)
    {
        var refused = await Assert.ThrowsAsync<StartException>(() => StartAsync(IPEndPoint.Parse(address)));
        Assert.StartsWith("admin: " + address, refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("give a loopback address", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PortInUse_NamesAddressAndRemedy()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var refused = await Assert.ThrowsAsync<StartException>(() => StartAsync((IPEndPoint)other.LocalEndpoint));
        Assert.StartsWith($"admin: {other.LocalEndpoint}: ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("end what uses the address, or give another one", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AddressOfAnotherMachine_NamesAddressAndRemedy()
    {
        var refused = await Assert.ThrowsAsync<StartException>(() => PageServer.StartAsync(
            "metrics", IPEndPoint.Parse("192.0.2.1:16021"), new Dictionary<string, PageSource>(), false, Cancelled));
        Assert.StartsWith("metrics: 192.0.2.1:16021: ", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<Socket> ConnectAsync(PageServer server, string from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(server.Address, Cancelled);
        return socket;
    }

    // To the end of the answer: what comes behind it is the connection's end alone.
    private static async Task AskAsync(Socket socket)
    {
        await socket.SendAsync("GET /json HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Cancelled);
        var (answer, buffer) = ("", new byte[1024]);
        while (!answer.EndsWith("{\"a\":1}", StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer, Cancelled);
            Assert.NotEqual(0, count);
            answer += Encoding.ASCII.GetString(buffer, 0, count);
        }
    }

    private static async Task ClosedAsync(Socket socket)
    {
        try
        {
            Assert.Equal(
                0, await socket.ReceiveAsync(new byte[1], Cancelled).AsTask()
                    .WaitAsync(TimeSpan.FromMinutes(2), Cancelled));
        }
        catch (SocketException)
        {
            // Cut off rather than closed.
        }
    }

    private static Task<PageServer> StartAsync(IPEndPoint address) => PageServer.StartAsync(
        "admin",
        address,
        new Dictionary<string, PageSource>(StringComparer.Ordinal)
        {
            ["/ready"] = _ => new(Page.Readiness("tea")),
            ["/json"] = _ => new(Page.Json(200, json =>
            {
                json.WriteStartObject();
                json.WriteNumber("a", 1);
                json.WriteEndObject();
            })),
        },
        isLoopbackOnly: true,
        Cancelled);
}
