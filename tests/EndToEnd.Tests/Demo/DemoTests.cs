using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>The demo as <c>make demo</c> runs it.</summary>
public sealed partial class DemoTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(240);

    private static readonly string[] Numbers =
        ["1", "1b", "2", "3", "4", "5a", "5b", "5c", "5d", "6", "8", "9", "7a", "7b", "7c"];

    [Fact]
    public async Task Demo_AllChecks_PassOrAreSkippedForAProgramThatIsMissing()
    {
        await using var demo = Programs.Start(Programs.Line("Cli", "demo"));
        var (code, text) = await demo.WaitForExitAsync(Bound, TestContext.Current.CancellationToken);
        output.WriteLine(text + demo.Errors);

        var verdicts = Verdicts(text);
        Assert.Equal(Numbers, verdicts.Keys);
        Assert.All(verdicts, verdict => Assert.Equal(IsMissing(verdict.Key) ? "skipped" : "passed", verdict.Value));
        var skipped = Numbers.Count(IsMissing);
        Assert.EndsWith(
            $"\ndemo: {Numbers.Length - skipped} passed, 0 failed, {skipped} skipped\n",
            text,
            StringComparison.Ordinal);
        Assert.Equal(0, code);
        Remains.None(FolderLine().Match(text).Groups["folder"].Value);
    }

    [Fact]
    public async Task Demo_NoEnvoy_SaysSoWithTheReasonInEachRowThatNeedsOne()
    {
        var nowhere = new Dictionary<string, string?> { ["ENVOY"] = "/nowhere/envoy" };
        await using var demo = Programs.Start(Programs.Line("Cli", "demo"), nowhere);
        var (code, text) = await demo.WaitForExitAsync(Bound, TestContext.Current.CancellationToken);
        output.WriteLine(text + demo.Errors);

        Assert.All(Verdicts(text), verdict =>
            Assert.Equal(IsMissing(verdict.Key, hasEnvoy: false) ? "skipped" : "passed", verdict.Value));
        var reasons = text.Split('\n').Count(line => line.StartsWith(
            "    skipped: no Envoy: find-envoy: ENVOY=/nowhere/envoy is not a program", StringComparison.Ordinal));
        Assert.Equal(4, reasons);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Demo_EnvoyDiesAfterItWorked_FailsEachCheckThatNeedsIt()
    {
        Assert.SkipWhen(EnvoyBinary.Path is null, EnvoyBinary.Reason);
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var demo = Programs.Start(Programs.Line("Cli", "demo"));
        var lines = new List<string>();
        do
        {
            lines.Add(await demo.ReadLineAsync(Bound, cancellationToken));
        }
        while (!lines[^1].StartsWith("[passed] 3 ", StringComparison.Ordinal));

        var folder = FolderLine().Match(string.Join('\n', lines)).Groups["folder"].Value;
        Remains.Kill(Path.Combine(folder, "envoy.yaml"));
        var (code, rest) = await demo.WaitForExitAsync(Bound, cancellationToken);
        output.WriteLine(string.Join('\n', lines) + rest + demo.Errors);
        Directory.Delete(folder, recursive: true);

        var failed = Verdicts(rest).Where(verdict => verdict.Value == "FAILED").Select(verdict => verdict.Key);
        Assert.Equal(["4", "5a", "5b", "5c", "5d", "7a", "7b", "7c"], failed);
        Assert.Contains("Envoy ended, though nobody stopped it", rest, StringComparison.Ordinal);
        Assert.Equal(1, code);
    }

    private static Dictionary<string, string> Verdicts(string text) => VerdictLine().Matches(text).ToDictionary(
        match => match.Groups["number"].Value, match => match.Groups["verdict"].Value, StringComparer.Ordinal);

    // A namespace without a network is the one thing that only the check itself can tell.
    private static bool IsMissing(string number) => IsMissing(number, EnvoyBinary.Path is not null);

    private static bool IsMissing(string number, bool hasEnvoy) => number switch
    {
        "1b" => !CanUnshare.Value,
        "2" => PythonGrpc.Program is null,
        "3" or "4" or "5d" or "7c" => !hasEnvoy,
        "9" => !CanListenAtPort80.Value,
        _ => false,
    };

    private static Lazy<bool> CanUnshare { get; } = new(
        () => Unshares("--net") || Unshares("--user", "--map-root-user", "--net"));

    private static Lazy<bool> CanListenAtPort80 { get; } = new(() =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.99.255"), 80));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            return false;
        }
    });

    private static bool Unshares(params string[] how)
    {
        var info = new ProcessStartInfo("unshare", [.. how, "--", "true"]) { RedirectStandardError = true };
        using var process = Process.Start(info)!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    [GeneratedRegex(@"^\[(?<verdict>\w+)\] (?<number>\S+) ", RegexOptions.Multiline)]
    private static partial Regex VerdictLine();

    [GeneratedRegex(@"their logs are in (?<folder>\S+)$", RegexOptions.Multiline)]
    private static partial Regex FolderLine();
}
