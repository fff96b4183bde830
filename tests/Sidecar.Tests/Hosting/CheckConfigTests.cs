using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Hosting.Reloading;
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
            "admin: 127.0.0.1:700", "metrics: 127.0.0.1:700");
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
    public async Task Addresses_ThatAreOne_AreNamedBoth(string line, string part)
    {
        Assert.Equal(2, await CheckAsync(Write("bootstrap: b", "key: k", "admin: 127.0.0.1:700", line)));
        Assert.Contains(part, _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_ThatIsNotThere_IsNamedOnce()
    {
        Assert.Equal(2, await CheckAsync(Path.Combine(_folder, "none.yaml")));
        Assert.Contains("none.yaml", Assert.Single(_error.ToString().TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private Task<int> CheckAsync(string file) => SidecarProgram.RunAsync(
        ["--config", file, "--check-config"], (TimeProvider.System, NullLoggerFactory.Instance), (_output, _error),
        new ReloadRequests(), TestContext.Current.CancellationToken);

    private string Write(params string[] lines) => Write("sidecar.yaml", string.Join('\n', lines));

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
