using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.EndToEnd.Tests.BadInput;

/// <summary>
/// What each program says when something is wrong at its start: file, line or address and the remedy, on the last line
/// of stderr, and exit code 2.
/// </summary>
public sealed class StartTests(SegmentOnDisk segment) : IClassFixture<SegmentOnDisk>
{
    private const string Pod = "pod.pem";
    private const string Seal = "eu1/anchors/eu1-a/seal.pem";
    private const string Publisher = "eu1/publisher.pem";

    public static TheoryData<string, string, string, string> Configurations { get; } = new()
    {
        { "Anchor", "listen: .*", "listen: nonsense", "anchor.yaml:8: `listen` is `nonsense`; write an address" },
        { "Anchor", "listen: .*", "listen: \"127.0.0.1:70000\"", ".yaml:8: `listen` is `127.0.0.1:70000`; write" },
        { "Anchor", "admin: .*", "admin: \"0.0.0.0:1\"", ".yaml:9: `admin` is 0.0.0.0:1, which others can reach" },
        { "Controller", "segment: .*", "segment: svc", "controller.yaml:1: `segment` is `svc`" },
        { "Controller", "genesis: .*", "genesis: 12", "controller.yaml:2: `genesis` is `12`" },
        { "Controller", "21002", "70000", ":70000`; write" },
        { "Controller", "manifests: .*", "manifests: nowhere", "which is no folder; create it or correct the path" },
        { "Sidecar", "web.shop", Label64 + ".shop", "sidecar.yaml:3: `imports` holds `" + Label64 },
        { "Sidecar", "21011", "70000", "sidecar.yaml:6: `xds.address` is `" },
        { "Sidecar", "bootstrap: .*", "bootstrap: none.json", "none.json" },
        { "Sidecar", "key: .*", "key: other.pem", "write subject: namespace/account into the configuration" },
    };

    public static TheoryData<string, string, string, string> Keys { get; } = new()
    {
        { "Anchor", Seal, "missing", "seal.pem: it does not exist" },
        { "Anchor", Seal, "open", "mode 0644 lets others use it; run: chmod 600 " },
        { "Anchor", Seal, "junk", "not PKCS#8 PEM" },
        { "Anchor", Seal, "other", "seal key; give the right file" },
        { "Controller", Publisher, "missing", "publisher.pem: it does not exist; make one with: fairlead key new" },
        { "Controller", Publisher, "open", "mode 0644 lets others use it; run: chmod 600 " },
        { "Controller", Publisher, "junk", "not PKCS#8 PEM" },
        { "Sidecar", Pod, "missing", "pod.pem: it does not exist; make one with: fairlead key new" },
        { "Sidecar", Pod, "open", "mode 0644 lets others use it; run: chmod 600 " },
        { "Sidecar", Pod, "junk", "not PKCS#8 PEM" },
        { "Cli", Pod, "missing", "pod.pem: it does not exist; make one with: fairlead key new" },
        { "Cli", Pod, "open", "mode 0644 lets others use it; run: chmod 600 " },
        { "Cli", Pod, "junk", "not PKCS#8 PEM" },
    };

    public static TheoryData<string, int> Ports { get; } = new()
    {
        { "Anchor", 21001 }, { "Anchor", 21005 }, { "Anchor", 21025 }, { "Controller", 21010 }, { "Controller", 21013 },
        { "Sidecar", 21011 }, { "Sidecar", 21012 },
    };

    private static string Label64 { get; } = new('x', 64);

    [Theory]
    [InlineData("Anchor")]
    [InlineData("Controller")]
    [InlineData("Sidecar")]
    public async Task Configuration_MissingMalformedOrDeep_NamesFileAndLine(string program)
    {
        using var folder = new TemporaryFolder();

        Ends(await StartAsync(program, folder["none.yaml"]), "none.yaml: cannot be read", "check the path");
        Ends(
            await StartAsync(program, folder.Write("bad.yaml", "id: a\n  b: [\n")),
            "bad.yaml:2: not YAML", "correct the line or the one above");
        var deep = string.Concat(Enumerable.Repeat("[", 200)) + string.Concat(Enumerable.Repeat("]", 200));
        Ends(
            await StartAsync(program, folder.Write("deep.yaml", $"id: {deep}\n")),
            "deep.yaml:1: nested deeper than 32 levels; flatten it");
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public async Task Configuration_WrongValue_NamesLineAndRemedy(
        string program, string pattern, string by, string message)
    {
        using var folder = await CopyAsync();
        var path = ConfigurationOf(folder, program);
        var text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var changed = Regex.Replace(text, pattern, by, RegexOptions.None, TimeSpan.FromMinutes(2));
        Assert.NotEqual(text, changed);
        await File.WriteAllTextAsync(path, changed, TestContext.Current.CancellationToken);

        Ends(await StartAsync(program, path), message);
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task Key_Unusable_NamesFileAndRemedy(string program, string key, string how, string message)
    {
        using var folder = await CopyAsync();
        switch (how)
        {
            case "missing":
                File.Delete(folder[key]);
                break;
            case "open":
                File.SetUnixFileMode(folder[key], (UnixFileMode)0x1A4);
                break;
            case "junk":
                folder.Write(key, "nothing of the kind");
                break;
            default:
                File.Copy(folder["other.pem"], folder[key], overwrite: true);
                break;
        }

        Ends(await StartAsync(program, folder), message, Path.GetFileName(key));
    }

    [Theory]
    [MemberData(nameof(Ports))]
    public async Task Port_InUse_NamesTheAddress(string program, int port)
    {
        using var folder = await CopyAsync();
        using var listener = new TcpListener(IPAddress.Parse(SegmentOnDisk.Address), port);
        listener.Start();

        var run = await StartAsync(program, folder);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"{SegmentOnDisk.Address}:{port}", LastLine(run), StringComparison.Ordinal);
        Assert.Contains("in use", LastLine(run), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Socket_InUse_NamesThePath()
    {
        using var folder = await CopyAsync();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["xds.sock"]));
        socket.Listen();

        var run = await StartAsync("Sidecar", folder);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("xds.sock", LastLine(run), StringComparison.Ordinal);
        Assert.Contains("in use", LastLine(run), StringComparison.Ordinal);
        Assert.True(File.Exists(folder["xds.sock"]), "another one's socket was taken away");
    }

    [Fact]
    public async Task Controller_NoAnchorInReach_NamesEachAndTriesOn()
    {
        using var folder = await CopyAsync();
        await using var controller =
            Programs.Start(Programs.Line("Controller", "--config", ConfigurationOf(folder, "Controller")));

        var said = await Eventually.HoldsAsync(
            () => Task.FromResult(controller.Errors),
            text => controller.HasExited || (text.Contains("[7007]", StringComparison.Ordinal)
                && text.Contains($"{SegmentOnDisk.Address}:21001: Unavailable", StringComparison.Ordinal)
                && text.Contains($"{SegmentOnDisk.Address}:21002: Unavailable", StringComparison.Ordinal)
                && text.Contains("so nothing is published yet", StringComparison.Ordinal)),
            TimeSpan.FromMinutes(5),
            TestContext.Current.CancellationToken);

        Assert.False(controller.HasExited, said);
        Assert.Contains($"anchor {SegmentOnDisk.Address}:21001: Unavailable", said, StringComparison.Ordinal);
        Assert.Contains($"anchor {SegmentOnDisk.Address}:21002: Unavailable", said, StringComparison.Ordinal);
        Assert.Contains("check its address and that it runs", said, StringComparison.Ordinal);
        Assert.Contains("only 0 of 1 anchors gave their state, so nothing is published yet", said,
            StringComparison.Ordinal);
    }

    private static void Ends(ProgramRun run, params string[] parts)
    {
        run.Ends(2);
        Assert.All(parts, part => Assert.Contains(part, LastLine(run), StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private static string LastLine(ProgramRun run) => run.Error.TrimEnd().Split('\n')[^1];

    private static string ConfigurationOf(TemporaryFolder folder, string program) => program == "Anchor"
        ? folder["eu1/anchors/eu1-a/anchor.yaml"]
        : folder[program.ToLowerInvariant() + ".yaml"];

    private static Task<ProgramRun> StartAsync(string program, TemporaryFolder folder) => program == "Cli"
        ? Programs.FairleadAsync(
            "resolve", "web.shop.svc.eu1.internal", "--bootstrap", folder["eu1/bootstrap.json"], "--key", folder[Pod])
        : StartAsync(program, ConfigurationOf(folder, program));

    private static Task<ProgramRun> StartAsync(string program, string configuration) =>
        Programs.RunAsync(Programs.Line(program, "--config", configuration));

    private async Task<TemporaryFolder> CopyAsync()
    {
        var folder = new TemporaryFolder();
        await segment.CopyToAsync(folder);
        return folder;
    }
}
