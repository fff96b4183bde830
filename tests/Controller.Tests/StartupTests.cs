using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.TestKit.Processes;

namespace Fairlead.Controller.Tests;

/// <summary>What a user sees when something is wrong at the start: a file and line or an address, a remedy, exit code
/// 2.</summary>
public sealed class StartupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-startup-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public StartupTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "manifests"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        WriteKey(KeyPem.Format(key));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("", "--config is missing; usage")]
    [InlineData("--config", "--config needs a value; usage")]
    [InlineData("--config a --config b", "--config is given twice; usage")]
    [InlineData("--what x", "unknown argument --what; usage")]
    public async Task Arguments_Wrong_SayHow(string arguments, string message)
    {
        var code = await RunAsync(
            arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), TestContext.Current.CancellationToken);
        Assert.Equal(2, code);
        Assert.Contains(message, _errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("segment: us1.internal", "segment: svc", "controller.yaml:1: `segment` is `svc`")]
    [InlineData("anchors: [127.0.0.1:1, 127.0.0.1:2]", "anchors: []", "controller.yaml:3: `anchors` holds 0 entries")]
    [InlineData("127.0.0.1:2]", "127.0.0.1:1]", "`anchors` names an address twice")]
    [InlineData("127.0.0.1:2]", "127.0.0.1:0]", "`anchors` holds port 0")]
    [InlineData("127.0.0.1:2]", "us1.example:1]", "`anchors` holds `us1.example:1`")]
    [InlineData("admin: 127.0.0.1:0", "admin: 0.0.0.0:16002", "which others can reach; write a loopback address")]
    [InlineData("manifests: manifests", "manifests: nowhere", "which is no folder; create it or correct the path")]
    [InlineData("record_life: 1h", "record_life: 31d", "`record_life` is `31d`")]
    [InlineData(
        "record_life: 1h", "recordlife: 1h",
        "controller.yaml:8: `recordlife` is unknown; did you mean `record_life`?")]
    [InlineData("copies: 1", "copies: 3", "`copies` is 3")]
    [InlineData(
        "admin: 127.0.0.1:0\nmetrics: 127.0.0.1:0", "admin: 127.0.0.1:700\nmetrics: 0.0.0.0:700",
        "`metrics` is 0.0.0.0:700, where admin listens; give each a port of its own")]
    [InlineData("region: a", "region: a*", "`region` is no region's name")]
    public async Task Configuration_Wrong_NamesTheLineAndTheRemedy(string from, string to, string message)
    {
        Assert.Equal(2, await RunAsync(from, to));
        Assert.Contains(message, _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_SeveralErrors_AreAllReported()
    {
        Assert.Equal(2, await RunAsync("segment: us1.internal\ngenesis: " + Genesis, "x: 1"));
        Assert.Equal(3, _errors.ToString().Trim().Split('\n').Length);
    }

    [Fact]
    public async Task Check_TellsAllThatIsWrong_AndThatAllIsWell()
    {
        Assert.Equal(0, await RunAsync("", "", TestContext.Current.CancellationToken, "--check-config"));
        Assert.Equal("the configuration is good", _output.ToString().Trim());
        File.SetUnixFileMode(KeyPath, (UnixFileMode)0b110_100_100);
        Assert.Equal(
            2, await RunAsync("manifests: manifests", "x: 1", TestContext.Current.CancellationToken, "--check-config"));
        Assert.All(
            ["`x` is unknown", "`manifests` is missing", $"key file {KeyPath}: mode 0644"],
            part => Assert.Contains(part, _errors.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_ReadableByOthers_IsRefused()
    {
        File.SetUnixFileMode(
            KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Assert.Equal(2, await RunAsync());
        Assert.Equal(
            $"key file {KeyPath}: mode 0644 lets others use it; run: chmod 600 {KeyPath}", _errors.ToString().Trim());
    }

    [Fact]
    public async Task Configuration_ThatIsAPipe_IsNamed()
    {
        var pipe = OddFiles.Pipe(_folder);
        Assert.Equal(2, await Task.Run(() => RunAsync(["--config", pipe], TestContext.Current.CancellationToken))
            .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.StartsWith(
            $"{pipe}: cannot be read: it is a pipe, not a regular file", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_Missing_IsNamed()
    {
        File.Delete(KeyPath);
        Assert.Equal(2, await RunAsync());
        Assert.StartsWith($"key file {KeyPath}: ", _errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing of the kind", "not PKCS#8 PEM")]
    [InlineData(null, "not a P-256 key")]
    public async Task Key_OfAnotherKind_IsRefused(string? text, string message)
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        WriteKey(text ?? KeyPem.Format(other));
        Assert.Equal(2, await RunAsync());
        Assert.Contains(message, _errors.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY-----", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Admin_PortInUse_NamesTheAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = listener.LocalEndpoint.ToString()!;
        Assert.Equal(2, await RunAsync("admin: 127.0.0.1:0", $"admin: {address}"));
        Assert.Contains(address, _errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("give another one", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anchors_Unreachable_KeepsTryingUntilStopped()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var running = RunAsync("127.0.0.1:2]", $"{nobody.LocalEndpoint}]", stop.Token);
        for (var tries = 0; tries < 3; tries++)
        {
            using var hangingUp = await nobody.AcceptSocketAsync(stop.Token);
        }

        await stop.CancelAsync();
        Assert.Equal(0, await running);
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public async Task Log_AsJson_IsObjectsToTheLastLine()
    {
        WriteKey("no key");
        Assert.Equal(2, await RunAsync("region: a", "region: a\nlog: {format: json}"));
        using var line = JsonDocument.Parse(_errors.ToString());
        Assert.Contains(KeyPath, line.RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static string Genesis { get; } = new('1', 64);

    private string KeyPath => Path.Combine(_folder, "publisher.pem");

    private void WriteKey(string text)
    {
        File.WriteAllText(KeyPath, text);
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private Task<int> RunAsync(string from = "", string to = "") =>
        RunAsync(from, to, TestContext.Current.CancellationToken);

    private async Task<int> RunAsync(
        string from, string to, CancellationToken cancellationToken, params string[] more)
    {
        var good = $"""
            segment: us1.internal
            genesis: {Genesis}
            anchors: [127.0.0.1:1, 127.0.0.1:2]
            publisher_key: publisher.pem
            manifests: manifests
            admin: 127.0.0.1:0
            metrics: 127.0.0.1:0
            record_life: 1h
            copies: 1
            region: a

            """;
        var path = Path.Combine(_folder, "controller.yaml");
        Assert.Contains(from, good, StringComparison.Ordinal);
        await File.WriteAllTextAsync(
            path, from.Length == 0 ? good : good.Replace(from, to, StringComparison.Ordinal), cancellationToken);
        return await RunAsync(["--config", path, .. more], cancellationToken);
    }

    private Task<int> RunAsync(string[] arguments, CancellationToken cancellationToken) => ProgramShell.RunAsync(
        program => Startup.RunAsync(arguments, program), Startup.IsRefused, _output, _errors, cancellationToken);
}
