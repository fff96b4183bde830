using System.Diagnostics;
using System.Globalization;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.TestKit;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>Programs of others through the proxy: curl, gRPC's C core at both ends, a WebSocket client and
/// server.</summary>
public sealed class StrangerTests
{
    private const string Name = ProxyWorld.Name;

    private static string Peers => Path.Combine(PeerTools.RepositoryRoot, "tests", "Sidecar.Tests", "Proxy", "peers");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("calls")]
    [InlineData("bidi")]
    public async Task Grpc_GoesThrough(string mode)
    {
        using var server = new Peer(Python(), [Path.Combine(Peers, "echo_server.py")]);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(await server.PortAsync())], "grpc"));
        await CallAsync(world, mode);
    }

    [Fact]
    public async Task Grpc_StreamThatIsSilentForLonger_IsNotCutByTheBudget()
    {
        var time = new ManualTimeProvider();
        using var server = new Peer(Python(), [Path.Combine(Peers, "echo_server.py")]);
        await using var world = await ProxyWorld.StartAsync(time: time);
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(await server.PortAsync())], "tcp"));
        using var client = new Peer(Python(), Client(world, "silent"));
        Assert.Equal("heard", await server.SaysAsync());
        time.Advance(TimeSpan.FromMinutes(1));
        client.GoOn();
        Assert.Equal("ok", await client.SaysAsync());
    }

    [Theory]
    [InlineData("Denied", "denied", "PERMISSION_DENIED")]
    [InlineData("Absent", "absent", "UNAVAILABLE")]
    [InlineData("Refused", "refused", "UNAVAILABLE")]
    public async Task Grpc_HearsWhy(string status, string state, string code)
    {
        Python();
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxiedService.Without(Name, Enum.Parse<ServiceStatus>(status), state));
        await CallAsync(world, code);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("tcp")]
    public async Task WebSocket_GoesThrough(string protocol)
    {
        using var server = new Peer(Node(), [Path.Combine(Peers, "websocket.js"), "server"]);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(await server.PortAsync())], protocol));
        var (code, output, error) = await PeerTools.RunAsync(
            Node(), [Path.Combine(Peers, "websocket.js"), "client", $"ws://{world.Server.Http1}/room?x=1", Name],
            PeerTools.NodePackages, Token);
        Assert.True(code == 0 && output == "ok\n", $"{code} {output} {error}");
    }

    [Fact]
    public async Task Curl_GoesThroughByEachForm()
    {
        var curl = PeerTools.FindOnPath("curl");
        Assert.SkipWhen(curl is null, "no curl on PATH");
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        var (http1, http2) = (world.Server.Http1, world.Server.Http2);
        string[][] forms =
        [
            ["-H", $"Host: {Name}", $"http://{http1}/x?y"],
            ["--proxy", $"http://{http1}", $"http://{Name.ToUpperInvariant()}/x?y"],
            ["--connect-to", $"::{http1}", $"http://{Name}./x?y"],
            ["--http2-prior-knowledge", "--connect-to", $"::{http2}", $"http://{Name}/x?y"],
            ["-H", "Expect: 100-continue", "-H", $"Host: {Name}", "-d", "data", $"http://{http1}/x?y"],
            ["-T", Path.Combine(Peers, "websocket.js"), "-H", "Transfer-Encoding: chunked", "--connect-to",
            $"::{http1}", $"http://{Name}/x?y"],
        ];
        foreach (var form in forms)
        {
            var (code, output, error) = await PeerTools.RunAsync(
                curl!, ["-sS", "--noproxy", "", "-m", "120", .. form], null, Token);
            Assert.True(code == 0, error);
            Assert.Contains(" /x?y HTTP/1.1\n", output, StringComparison.Ordinal);
            Assert.Contains($"\nHost: {Name}\n", output, StringComparison.Ordinal);
        }

        var tunnel = await PeerTools.RunAsync(
            curl!, ["-sS", "--proxytunnel", "--noproxy", "", "--proxy", $"http://{http1}", $"http://{Name}/"], null,
            Token);
        Assert.NotEqual(0, tunnel.ExitCode);
        Assert.Contains("405", tunnel.Error, StringComparison.Ordinal);
    }

    private static async Task CallAsync(ProxyWorld world, string mode)
    {
        var (code, output, error) = await PeerTools.RunAsync(
            Python(), Client(world, mode), null, Token);
        Assert.True(code == 0 && output == "ok\n", $"{code} {output} {error}");
    }

    private static string[] Client(ProxyWorld world, string mode) =>
        [Path.Combine(Peers, "echo_client.py"), world.Server.Http2.ToString(), Name, mode];

    private static string Python()
    {
        Assert.SkipWhen(PeerTools.Python is null, "no python3 with grpc: run eng/install-test-tools.sh");
        return PeerTools.Python!;
    }

    private static string Node()
    {
        Assert.SkipWhen(PeerTools.Node is null, "no node on PATH");
        Assert.SkipWhen(PeerTools.NodePackages is null, "no npm packages: run eng/install-test-tools.sh");
        Environment.SetEnvironmentVariable("NODE_PACKAGES", PeerTools.NodePackages);
        return PeerTools.Node!;
    }

    private sealed class Peer(string program, string[] arguments) : IDisposable
    {
        private readonly Process _process = PeerTools.Start(program, arguments);

        internal async Task<int> PortAsync() => int.Parse(await SaysAsync() ?? "", CultureInfo.InvariantCulture);

        internal async Task<string?> SaysAsync() => await _process.StandardOutput.ReadLineAsync(Token);

        internal void GoOn() => _process.StandardInput.WriteLine();

        public void Dispose()
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
            {
                _process.Kill();
            }

            _process.Dispose();
        }
    }
}
