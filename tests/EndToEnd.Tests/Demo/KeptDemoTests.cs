using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>A demo that is left running: the file that describes it, and that what it describes works.</summary>
public sealed class KeptDemoTests(KeptDemo kept)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EnvFile_Keys_AreExactlyThese()
    {
        var demo = await kept.GetAsync();

        Assert.Equal(
            [
                "XDS_SOCKET", "XDS_ADDRESS", "ADMIN_ADDRESS", "MANIFESTS_DIR", "ENVOY_BOOTSTRAP", "ENVOY_PID",
                "DEMO_PID", "SIDECAR_PID", "ANCHOR_PIDS_EU1", "ANCHOR_PIDS_US1", "GENESIS_EU1", "BOOTSTRAP_FILE",
                "KEY_FILE", "ANCHOR_ADMINS_EU1", "ANCHOR_ADMINS_US1", "SEGMENT_US1", "DNS_ADDRESS",
            ],
            demo.Lines.Select(line => line.Key));
        Assert.All(
            new[] { "XDS_SOCKET", "ENVOY_BOOTSTRAP", "BOOTSTRAP_FILE", "KEY_FILE" },
            key => Assert.True(File.Exists(demo[key]), key));
        Assert.All(new[] { "eu1.internal", "us1.internal" }, segment =>
            Assert.NotEmpty(Directory.GetFiles(Path.Combine(demo["MANIFESTS_DIR"], segment), "*.yaml")));
        Assert.All(new[] { "ANCHOR_PIDS_EU1", "ANCHOR_PIDS_US1" }, key =>
        {
            var pids = demo[key].Split(',');
            Assert.Equal(4, pids.Distinct().Count());
            Assert.All(pids, pid => Assert.Contains("Anchor", CommandOf(pid), StringComparison.Ordinal));
        });
        Assert.Contains("Sidecar", CommandOf(demo["SIDECAR_PID"]), StringComparison.Ordinal);
        Assert.Contains(" --keep ", CommandOf(demo["DEMO_PID"]), StringComparison.Ordinal);
        if (EnvoyBinary.Path is not null)
        {
            Assert.Contains(demo["ENVOY_BOOTSTRAP"], CommandOf(demo["ENVOY_PID"]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task EnvFile_AppearsByRename_AndIsNeverWrittenInPlace()
    {
        await kept.GetAsync();

        // A watcher tells in order: what was before is told once this is.
        var (name, last) = (Path.GetFileName(kept.EnvFile), Path.ChangeExtension(kept.EnvFile, ".last"));
        await File.WriteAllTextAsync(last, "", Cancellation);
        await Eventually.HoldsAsync(
            () => Task.FromResult(kept.Changes.Any(change => change.Name == Path.GetFileName(last))), told => told,
            Bound, Cancellation);
        File.Delete(last);
        Assert.Equal(
            [WatcherChangeTypes.Renamed],
            kept.Changes.Where(change => change.Name == name).Select(change => change.Change));
        Assert.Equal([kept.EnvFile], Directory.GetFiles(Path.GetDirectoryName(kept.EnvFile)!));
    }

    [Fact]
    public async Task Resolve_Trace_Verify_WorkAgainstIt()
    {
        var demo = await kept.GetAsync();
        using var folder = new TemporaryFolder();

        var resolved = (await demo.FairleadAsync(
            "resolve", DemoEnvironment.Checkout, "--output", "json", "--save", folder["a"])).Ends(0);
        var traced = (await demo.FairleadAsync("trace", DemoEnvironment.Checkout)).Ends(0);
        var verified = (await Programs.FairleadAsync(
            "verify", folder["a"], "--genesis", demo["GENESIS_EU1"], "--at", $"{resolved.Json["verified_at"]}",
            "--unsafe-allow-loopback-endpoints",
            "--output", "json")).Ends(0);

        Assert.Equal(2, resolved.Json["endpoints"]!.AsArray().Count);
        Assert.Equal(resolved.Json["record"]!.ToJsonString(), verified.Json["record"]!.ToJsonString());
        foreach (var part in new[]
        {
            "hop 0 home eu1.internal", $"genesis {demo["GENESIS_EU1"]}", "hop 1 peer us1.internal",
            "3 of 4 seal, 1 may lie", "assurance single-host", "signed by us1-", "says allow by rule open", "record ",
            "<- bound",
        })
        {
            Assert.Contains(part, traced.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Names_Page_HasExactlyTheFields()
    {
        var demo = await kept.GetAsync();

        var page = await Eventually.HoldsAsync(
            () => demo.PageAsync("names", Cancellation),
            names => names.AsArray().Count == 3 && names.AsArray().All(name => (string?)name!["state"] == "fresh"),
            Bound,
            Cancellation);

        Assert.All(page.AsArray(), name => Assert.Equal(
            [
                "name", "state", "path", "epoch", "seal", "signers", "age_ms", "ttl_ms", "bound", "stale_ms", "failure",
                "introductions", "members", "anchor", "bounded", "unbounded", "left_out",
            ],
            name!.AsObject().Select(member => member.Key)));
        var checkout = page.AsArray().Single(name => (string?)name!["name"] == DemoEnvironment.Checkout)!;
        Assert.Equal("""["eu1.internal","us1.internal"]""", checkout["path"]!.ToJsonString());
        Assert.Equal((1, 3), ((int)checkout["epoch"]!, checkout["signers"]!.AsArray().Count));
        Assert.InRange((long)checkout["ttl_ms"]!, 1, 15_000);
    }

    [Fact]
    public async Task Manifest_EndpointAddedAndRemoved_ReachesEnvoy()
    {
        Assert.SkipWhen(EnvoyBinary.Path is null, EnvoyBinary.Reason);
        var demo = await kept.GetAsync();
        var address = new IPEndPoint(IPAddress.Parse($"127.{demo.Block}.21.99"), 18080);
        await using var backend = Answering(address);
        var manifest = Path.Combine(demo.Us1, "one-more.yaml");
        await File.WriteAllTextAsync(manifest + ".tmp", $$$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: checkout-one-more, namespace: shop, labels: {kubernetes.io/service-name: checkout}}
            addressType: IPv4
            ports: [{name: http, port: {{{address.Port}}}, protocol: TCP}]
            endpoints: [{addresses: ["{{{address.Address}}}"], conditions: {ready: true}, zone: us1-a}]

            """, Cancellation);

        File.Move(manifest + ".tmp", manifest);
        await Eventually.HoldsAsync(
            () => demo.RequestAsync(Cancellation),
            response => response.Endpoint == address.ToString(),
            Bound,
            Cancellation);
        File.Delete(manifest);

        await Eventually.HoldsAsync(
            async () => (await demo.FairleadAsync("resolve", DemoEnvironment.Checkout)).Output,
            text => !text.Contains(address.Address.ToString(), StringComparison.Ordinal),
            Bound,
            Cancellation);
    }

    private static string CommandOf(string pid) => File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');

    private static AnsweringBackend Answering(IPEndPoint address) => new(address);

    /// <summary>The smallest HTTP service that says which endpoint it is.</summary>
    private sealed class AnsweringBackend : IAsyncDisposable
    {
        private readonly TcpListener _listener;
        private readonly Task _loop;

        internal AnsweringBackend(IPEndPoint address)
        {
            _listener = new TcpListener(address);
            _listener.Start();
            var body = address.ToString();
            _loop = RunAsync(Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\ncontent-length: {body.Length}\r\nconnection: close\r\n\r\n{body}"));
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _loop;
        }

        private async Task RunAsync(byte[] response)
        {
            var request = new byte[4096];
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    await using var stream = client.GetStream();
                    _ = await stream.ReadAsync(request);
                    await stream.WriteAsync(response);
                }
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                // Stopped with its test.
            }
        }
    }
}
