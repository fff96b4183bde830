using Fairlead.Hosting;
using Fairlead.Hosting.Reloading;
using Fairlead.Sidecar.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary><c>--check-config</c>: all that is wrong at once, in the file and in the files that it names, and nothing
/// touched.</summary>
public sealed class CheckConfigTests : IDisposable
{
    private const string Key = "-----BEGIN PRIVATE KEY-----";

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-check-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Configuration_WithErrorsEverywhere_TellsAllOfThem()
    {
        var file = Write(
            "bootstrap: bootstrap.json", "key: open.pem", "state: state", "ttl_cap: 2h", "nonsense: 1",
            "admin: 127.0.0.1:700", "metrics: 127.0.0.1:700", "xds: {socket: xds.sock}");
        Write("bootstrap.json", "{}");
        Write("open.pem", Key);
        Write("state", "");
        File.SetUnixFileMode(Path.Combine(_folder, "open.pem"), UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Assert.Equal(2, await CheckAsync(file));
        Assert.Equal("", _output.ToString());
        Assert.All(
            [
                "`ttl_cap` is 2h", "`nonsense` is unknown", "`metrics` is 127.0.0.1:700, where admin listens",
                "bootstrap.json: ", "open.pem: mode", "StateNotDurable: state folder",
            ],
            part => Assert.Contains(part, _error.ToString(), StringComparison.Ordinal));
        Assert.Equal(6, _error.ToString().TrimEnd().Split('\n').Length);
    }

    /// <summary>An Envoy holds a cluster back until each endpoint was asked, which a dead one answers that late.
    /// </summary>
    [Theory]
    [InlineData("2s", false)]
    [InlineData("2100ms", true)]
    public async Task HealthCheck_ThatMayTakeLong_IsRefused(string timeout, bool isRefused)
    {
        await CheckAsync(Write(
            "bootstrap: b", "key: k", $"xds: {{socket: x, clusters: {{health_check: {{timeout: {timeout}}}}}}}"));
        Assert.Equal(isRefused, _error.ToString().Contains("timeout` is 2100ms", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("spiffe: {certificate: none, key: none}", "spiffe: ")]
    [InlineData("token: none", "token file")]
    [InlineData("key: none", "make one with: fairlead key new")]
    public async Task Proof_ThatCannotBeRead_IsNamed(string line, string part)
    {
        Assert.Equal(2, await CheckAsync(Write("bootstrap: bootstrap.json", line)));
        Assert.Contains(part, _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("bootstrap", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xds: {address: 127.0.0.1:700}", "`xds.address` is 127.0.0.1:700, where admin listens")]
    [InlineData("metrics: 0.0.0.0:700", "`metrics` is 0.0.0.0:700, where admin listens")]
    [InlineData("proxy: {http: 127.0.0.1:700}", "`proxy.http` is 127.0.0.1:700, where admin listens")]
    [InlineData("dns: {address: 127.0.0.1:700}", "`dns.address` is 127.0.0.1:700, where admin listens")]
    [InlineData("metrics: '[::]:700'", "`metrics` is [::]:700, where admin listens")]
    public async Task Addresses_ThatAreOne_AreNamedBoth(string line, string part)
    {
        Assert.Equal(2, await CheckAsync(Write("bootstrap: b", "key: k", "admin: 127.0.0.1:700", line)));
        Assert.Contains(part, _error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>One with a typo would be held against the authorities of all other domains.</summary>
    [Theory]
    [InlineData("Eu1.internal", true)]
    [InlineData("spiffe://eu1.internal", true)]
    [InlineData("eu1.internal", false)]
    public async Task Provider_OfSomethingElseThanATrustDomain_IsNamed(string domain, bool isRefused)
    {
        await CheckAsync(Write(
            "bootstrap: b", "key: k",
            $"xds: {{grpc: {{domains: [{{domain: '{domain}', authorities: a}}], authorities: b}}}}"));
        Assert.Equal(
            isRefused, _error.ToString().Contains($"{domain} is no trust domain", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("admin: '[::1]:700'", "metrics: 0.0.0.0:700")]
    [InlineData("admin: 127.0.0.1:700", "metrics: 127.0.0.1:701")]
    [InlineData("admin: 127.0.0.1:700", "metrics: '[::1]:700'")]
    public async Task Addresses_ThatAreTwo_AreNoClash(string admin, string metrics)
    {
        await CheckAsync(Write("bootstrap: b", "key: k", admin, metrics));
        Assert.DoesNotContain("listens", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clash_NamesTheOptionOnce()
    {
        await CheckAsync(Write("bootstrap: b", "key: k", "admin: 127.0.0.1:700", "proxy: {http: 127.0.0.1:700}"));
        Assert.DoesNotContain("`proxy.http` `proxy.http`", _error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The kernel takes 107 bytes (unix(7)); what lies there already is looked at before the start.</summary>
    [Theory]
    [InlineData("folder", "which is a folder")]
    [InlineData("file", "which is a file and no socket")]
    [InlineData("long", "bytes, and a unix socket's at most 107")]
    public async Task Socket_ThatCannotBe_IsNamed(string kind, string part)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "folder"));
        Write("file", "content");
        var name = kind == "long" ? new string('x', 108 - _folder.Length - 1) : kind;
        Assert.Equal(2, await CheckAsync(Write("bootstrap: b", "key: k", $"xds: {{socket: {name}}}")));
        Assert.Contains(
            $"sidecar.yaml:3: `xds.socket` is {Path.Combine(_folder, name)}, ", _error.ToString(),
            StringComparison.Ordinal);
        Assert.Contains(part, _error.ToString(), StringComparison.Ordinal);

        _error.GetStringBuilder().Clear();
        await CheckAsync(Write(
            "bootstrap: b", "key: k", $"xds: {{socket: {new string('x', 107 - _folder.Length - 1)}}}"));
        Assert.DoesNotContain("socket", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8 is reachable from outside")]
    [InlineData("127.0.0.0/8", "127.0.0.0/8 holds 127.0.0.2, where this sidecar listens")]
    [InlineData("127.0.0.0/30", "127.0.0.0/30 holds 127.0.0.2, where this sidecar listens")]
    [InlineData("127.0.53.0/24", "127.0.53.0/24 holds 127.0.53.53, where dns.upstreams has a server")]
    [InlineData("127.9.9.0/30", "127.9.9.0/30 has 2 addresses for 3 imports")]
    [InlineData("127.9.9.0/29", null)]
    public async Task Addresses_OfDns_ThatCannotBeRight_AreNamed(string range, string? part)
    {
        await CheckAsync(Write(
            "bootstrap: b", "key: k", "admin: 127.0.0.2:700",
            "imports: [a.b.svc.us1.internal, b.b.svc.us1.internal, c.b.svc.us1.internal]",
            $"dns: {{vip_cidr: {range}, upstreams: [127.0.53.53]}}"));
        Assert.Equal(part is not null, _error.ToString().Contains("`dns.vip_cidr`", StringComparison.Ordinal));
        Assert.Contains(part ?? "", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dns: {upstreams: []}", true)]
    [InlineData("dns: {upstreams: []}\nproxy: {}", false)]
    [InlineData("proxy: {}", false)]
    public async Task Dns_WithoutTheProxy_IsANote(string lines, bool isNoted)
    {
        await CheckAsync(Write("bootstrap: b", "key: k", lines));
        Assert.Equal(
            isNoted, _error.ToString().Contains("note: dns: no service has an address", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Collector_WithAPassword_IsRefusedAndNotRepeated()
    {
        Assert.Equal(2, await CheckAsync(Write(
            "bootstrap: b", "key: k", "telemetry: {otlp: 'http://user:secret@127.0.0.1:4318'}")));
        Assert.Contains("sidecar.yaml:3: `telemetry.otlp` is", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folders_ThatCannotBeWritten_AreNamed()
    {
        Write("file", "");
        Assert.Equal(2, await CheckAsync(Write(
            "bootstrap: b", "key: k", "state: file/below/it", "xds: {socket: file/xds.sock}")));
        Assert.Contains(
            $"StateNotDurable: state folder {Path.Combine(_folder, "file", "below", "it")}: "
            + $"{Path.Combine(_folder, "file")} is a file", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            $"cannot listen at {Path.Combine(_folder, "file", "xds.sock")}: ", _error.ToString(),
            StringComparison.Ordinal);
        Assert.Equal(["file", "sidecar.yaml"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName)
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task State_ThatIsDamaged_IsNamed_AndWhatAStartGoesOnWithoutIsANote()
    {
        var state = Directory.CreateDirectory(Path.Combine(_folder, "kept")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(state, "vips.state"), "damaged", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(state, "imports.state"), "damaged", TestContext.Current.CancellationToken);
        var file = Write(
            "bootstrap: b", "key: k", "state: kept",
            "xds: {socket: xds.sock, spiffe: {certificate: none.pem, key: none.pem}}", "dns: {upstreams: []}");
        Assert.Equal(2, await CheckAsync(file));
        var lines = _error.ToString().Split('\n');
        Assert.Contains(lines, line => line.StartsWith("StateCorrupt: ", StringComparison.Ordinal)
            && line.Contains("vips.state", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("note: ", StringComparison.Ordinal)
            && line.Contains("imports.state", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("note: xds.spiffe: ", StringComparison.Ordinal)
            && line.Contains("none.pem", StringComparison.Ordinal));

        // Without DNS nobody reads the addresses.
        _error.GetStringBuilder().Clear();
        await CheckAsync(Write("bootstrap: b", "key: k", "state: kept", "xds: {socket: xds.sock}"));
        Assert.DoesNotContain("vips.state", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_ThatIsNotThere_IsNamedOnce()
    {
        Assert.Equal(2, await CheckAsync(Path.Combine(_folder, "none.yaml")));
        Assert.Contains("none.yaml", Assert.Single(_error.ToString().TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private (TextWriter Output, ErrorLog Error) Streams => (_output, new ErrorLog(_error, TimeProvider.System));

    private Task<int> CheckAsync(string file) => SidecarProgram.RunAsync(
        ["--config", file, "--check-config"], (TimeProvider.System, NullLoggerFactory.Instance), Streams,
        new ReloadRequests(), TestContext.Current.CancellationToken);

    private string Write(params string[] lines) => Write("sidecar.yaml", string.Join('\n', lines));

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
