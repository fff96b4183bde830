using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>A proxy on free ports, with names that a test resolves by hand.</summary>
internal sealed class ProxyWorld : IAsyncDisposable
{
    internal const string Name = "checkout.shop.svc.us1.internal";

    // The platform's own clock counts these: on a busy machine nothing of what is tested here may hang on them.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, ProxiedService> _known = new();

    private ProxyWorld()
    {
    }

    internal ProxyServer Server { get; private set; } = null!;

    /// <summary>What the proxy said of names: wanted or given up.</summary>
    internal ConcurrentQueue<(string Name, bool IsWanted)> Interest { get; } = new();

    internal Lines Log { get; } = new();

    internal HttpClient Client { get; } = new(
        new SocketsHttpHandler { UseProxy = false, Expect100ContinueTimeout = Patience })
    {
        Timeout = Patience,
    };

    /// <summary>Starts one whose clock, where none is given, stands: no budget ends and no ejection.</summary>
    internal static async Task<ProxyWorld> StartAsync(
        ProxyOptions? options = null, TimeProvider? time = null, int seed = 1)
    {
        var world = new ProxyWorld();
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        world.Server = await ProxyServer.StartAsync(
            (options ?? new ProxyOptions()) with
            {
                Http1 = any, Http2 = any, ConnectTimeout = Patience, ExpectTimeout = Patience,
            },
            name => world._known.GetValueOrDefault(name),
            (name, isWanted) => world.Interest.Enqueue((name, isWanted)),
            _ => { },
            time ?? new ManualTimeProvider(),
            new Random(seed),
            world.Log,
            TestContext.Current.CancellationToken);
        return world;
    }

    /// <summary>A service of one port with these endpoints.</summary>
    internal static ProxiedService Service(
        IEnumerable<ProxiedEndpoint> endpoints, string protocol = "http", string name = Name,
        params TrustBundle[] bundles) => new(
            name, ServiceStatus.Served, "fresh", [new ServedPort(protocol, 80, protocol)], [.. endpoints],
            bundles.ToImmutableDictionary(bundle => bundle.Domain), new ProxyProvenance(
                "us1.internal", 3, 41, 7));

    internal static ProxiedEndpoint Endpoint(
        int port, string zone = "", uint weight = 1, EndpointReadiness readiness = EndpointReadiness.Ready,
        string region = "",
        int priority = 0, string address = "127.0.0.1", bool isStrict = false, params string[] identities) =>
        new(address, [port], region, zone, weight, priority, readiness, [.. identities]) { IsStrict = isStrict };

    internal void Publish(ProxiedService service)
    {
        _known[service.Name] = service;
        Server.Services.Publish(service);
    }

    internal async Task<HttpResponseMessage> SendAsync(
        string host = Name, HttpMethod? method = null, string target = "/", HttpContent? content = null,
        bool isHttp2 = false,
        Action<HttpRequestMessage>? change = null,
        HttpCompletionOption until = HttpCompletionOption.ResponseContentRead)
    {
        var address = isHttp2 ? Server.Http2 : Server.Http1;
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, $"http://{address}{target}")
        {
            Content = content,
            Version = isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = host;
        change?.Invoke(request);
        return await Client.SendAsync(request, until, TestContext.Current.CancellationToken);
    }

    /// <summary>Sends bytes as they are, and reads one response: to its length, or to the connection's end.</summary>
    internal async Task<string> RawAsync(string text)
    {
        var token = TestContext.Current.CancellationToken;
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Server.Http1, token);
        await socket.SendAsync(Encoding.Latin1.GetBytes(text), token);
        var answer = new StringBuilder();
        var buffer = new byte[16 * 1024];
        while (!IsWhole(answer.ToString()))
        {
            var read = await socket.ReceiveAsync(buffer, token);
            if (read == 0)
            {
                break;
            }

            answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return answer.ToString();
    }

    private static bool IsWhole(string answer)
    {
        var head = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var length = head < 0 ? [] : answer[..head].Split("\r\n")
            .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            .Select(line => int.Parse(line.Split(':')[1], null)).ToArray();
        return answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)
            || (length.Length > 0 && answer.Length >= head + 4 + length[0]);
    }

    /// <summary>Asserts that the proxy itself answered, with problem details of this reason.</summary>
    internal static async Task IsProblemAsync(HttpResponseMessage response, int status, string reason)
    {
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(reason, Assert.Single(response.Headers.GetValues("fairlead-reason")));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.EndsWith(":" + reason, problem.GetProperty("type").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>What was logged.</summary>
    internal sealed class Lines : ILoggerFactory, ILogger
    {
        internal ConcurrentQueue<(EventId Id, string Text)> All { get; } = new();

        internal IEnumerable<string> Access => All.Where(line => line.Id.Id == 6110).Select(line => line.Text);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter) =>
            All.Enqueue((eventId, formatter(state, exception)));

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}
