using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.TestKit.Processes;

namespace Fairlead.Controller.Tests;

/// <summary>The real program: bad manifests, a bad configuration, anchors that are not there.</summary>
public sealed class ControllerProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-controller-process-").FullName;
    private readonly IPEndPoint _admin = new(IPAddress.Loopback, LoopbackPorts.Take(1)[0]);
    private readonly IPEndPoint _metrics = new(IPAddress.Loopback, LoopbackPorts.Take(1)[0]);

    public ControllerProcessTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "manifests"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(KeyPath, KeyPem.Format(key));
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(ConfigurationPath, $"""
            segment: us1.internal
            genesis: {new string('1', 64)}
            anchors: [127.0.0.1:1, 127.0.0.1:2]
            publisher_key: publisher.pem
            manifests: manifests
            admin: {_admin}
            metrics: {_metrics}
            """);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string KeyPath => Path.Combine(_folder, "publisher.pem");

    private string ConfigurationPath => Path.Combine(_folder, "controller.yaml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Manifests_Bad_EachNamesFileLineAndWhatIsWrong()
    {
        Write("good.yaml", Service("good"));
        Write("broken.yaml", "kind: [");
        Write("deep.yaml", "kind: " + new string('[', 100_000));
        Write("twice.yaml", Service("twice") + "\n---\n" + Service("twice"));
        Write("address.yaml", Slice("address", "not-an-ip", "8080"));
        Write("port.yaml", Slice("port", "10.0.0.1", "70000"));
        Write("long.yaml", Service(new string('a', 64)));
        await using var process = Start();
        using var http = new HttpClient();
        var problems =
            await Eventually.HoldsAsync(() => ProblemsAsync(http), found => found.Length >= 6, Patience, Cancelled);
        foreach (var (file, what) in new[]
        {
            ("broken.yaml:", "YAML"), ("deep.yaml:1", "deep"), ("twice.yaml:", "twice"), ("address.yaml:", "not-an-ip"),
            ("port.yaml:", "70000"), ("long.yaml:", new string('a', 64)),
        })
        {
            Assert.Contains(problems, problem =>
                problem.Contains(file, StringComparison.Ordinal)
                    && problem.Contains(what, StringComparison.OrdinalIgnoreCase));
        }

        Assert.DoesNotContain(problems, problem => problem.Contains("good.yaml", StringComparison.Ordinal));

        // Without anchors nothing is sealed: the process stays, says so, and goes on trying.
        using var ready = await http.GetAsync($"http://{_metrics}/ready", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        var metrics = await http.GetStringAsync($"http://{_metrics}/metrics", Cancelled);
        Assert.Contains("fairlead_controller_ready 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            $"fairlead_controller_manifest_problems {problems.Length}\n", metrics, StringComparison.Ordinal);
        await Eventually.HoldsAsync(
            () => Task.FromResult(process.Errors), errors =>
                errors.Contains("127.0.0.1:1", StringComparison.Ordinal), Patience, Cancelled);
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        Assert.Equal(0, await process.WaitAsync(Patience, Cancelled));
    }

    [Fact]
    public async Task Signal_ToReadItsFileAnew_EndsNothing_AndSaysWhatChanged()
    {
        await using var process = Start();
        await SaysAsync("publishing ");
        await File.AppendAllTextAsync(
            ConfigurationPath, "\nttl_max: 9s\ntelemetry: {otlp: 'http://127.0.0.1:1'}\n", Cancelled);
        process.Signal(1);
        await SaysAsync("changed: telemetry");
        await SaysAsync("has another `ttl_max`");
        await File.AppendAllTextAsync(ConfigurationPath, "x: 1\n", Cancelled);
        process.Signal(1);
        await SaysAsync("`x` is unknown");
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        Assert.Equal(0, await process.WaitAsync(Patience, Cancelled));

        Task SaysAsync(string part) => Eventually.HoldsAsync(
            () => Task.FromResult(process.Errors), errors => errors.Contains(part, StringComparison.Ordinal),
            Patience, Cancelled);
    }

    [Theory]
    [InlineData("segment: us1.internal", "segment: [", "controller.yaml:")]
    [InlineData("publisher_key: publisher.pem", "publisher_key: nowhere.pem", "nowhere.pem")]
    [InlineData(
        "anchors: [127.0.0.1:1,", "anchors: [127.0.0.1:70000,",
        "controller.yaml:3: `anchors` holds `127.0.0.1:70000`")]
    [InlineData("admin: 127.0.0.1", "admin: 0.0.0.0", "which others can reach; write a loopback address")]
    public async Task Start_Wrong_NamesPlaceAndEndsWith2(string from, string to, string message)
    {
        var text = await File.ReadAllTextAsync(ConfigurationPath, Cancelled);
        Assert.Contains(from, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(ConfigurationPath, text.Replace(from, to, StringComparison.Ordinal), Cancelled);
        await RefusedAsync(message);
    }

    [Fact]
    public async Task Start_KeyOpenToOthersOrPortInUse_NamesIt()
    {
        File.SetUnixFileMode(KeyPath, (UnixFileMode)0b110_100_000);
        await RefusedAsync($"key file {KeyPath}: mode 0640 lets others use it; run: chmod 600 {KeyPath}");
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var other = new TcpListener(_metrics);
        other.Start();
        await RefusedAsync($"metrics: {_metrics}: ");
    }

    private async Task RefusedAsync(string message)
    {
        await using var process = Start();
        Assert.Equal(2, await process.WaitAsync(Patience, Cancelled));
        Assert.Contains(message, process.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", process.Errors, StringComparison.Ordinal);
    }

    private ChildProcess Start() =>
        ChildProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "Fairlead.Controller"), ["--config", ConfigurationPath]);

    private async Task<string[]> ProblemsAsync(HttpClient http)
    {
        try
        {
            return await http.GetFromJsonAsync<string[]>($"http://{_admin}/problems", Cancelled) ?? [];
        }
        catch (HttpRequestException)
        {
            return [];
        }
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, "manifests", name), text);

    private static string Service(string name) => $"""
        apiVersion: v1
        kind: Service
        metadata: {"{"}name: {name}, namespace: shop{"}"}
        spec: {"{"}ports: [{"{"}name: http, port: 80{"}"}]{"}"}
        ---
        apiVersion: multicluster.x-k8s.io/v1alpha1
        kind: ServiceExport
        metadata: {"{"}name: {name}, namespace: shop{"}"}
        """;

    private static string Slice(string name, string address, string port) => Service(name) + $"""

        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: {name}-1
          namespace: shop
          labels: {"{"}kubernetes.io/service-name: {name}{"}"}
        addressType: IPv4
        ports: [{"{"}name: http, port: {port}{"}"}]
        endpoints: [{"{"}addresses: ["{address}"]{"}"}]
        """;
}
