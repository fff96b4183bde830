using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>The demo as <c>make demo</c> runs it.</summary>
public sealed class DemoTests(ITestOutputHelper output)
{
    // From one line to the next: a check has patience of its own.
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(15);

    private static readonly string[] Numbers =
        ["1", "1b", "2", "3", "4", "5a", "5b", "5c", "5d", "6", "6b", "8", "9", "9b", "10", "7a", "7b", "7c"];

    // Those of the world below a parent.
    private static readonly string[] BelowAParent = ["11", "11b", "11c", "12", "12b", "13", "14", "15"];

    // Those in which an Envoy has a part, behind one in which it has none; of the three lies one, which are one check
    // with another word.
    private static readonly string[] UseEnvoy = ["1", "3", "4", "5a", "5d", "7a", "7b", "7c"];

    // Those that are skipped without one, and one that is not.
    private static readonly string[] MissEnvoy = ["3", "4", "5d", "7a", "7c"];

    [Fact]
    public async Task Demo_AllChecks_PassOrAreSkippedForAProgramThatIsMissing()
    {
        var report = await RunAsync(null, "--checks", string.Join(',', Numbers));

        AssertVerdicts(report, Numbers, number => IsMissing(number) ? "skipped" : "passed");
        var skipped = Numbers.Count(IsMissing);
        Assert.EndsWith(
            $"\ndemo: {Numbers.Length - skipped} passed, 0 failed, {skipped} skipped\n",
            report.Text,
            StringComparison.Ordinal);
        Assert.Equal(0, report.Code);
        Remains.None(report.Folder);
    }

    [Fact]
    public async Task Demo_WorldBelowAParent_PassesWhileParentAndTargetAreDeadOrTaken()
    {
        var report = await RunAsync(null, "--checks", string.Join(',', BelowAParent), "--outage", "6");

        AssertVerdicts(report, BelowAParent, number => IsMissing(number) ? "skipped" : "passed");
        Assert.Equal(0, report.Code);
        Remains.None(report.Folder);
    }

    /// <summary>What comes behind <see cref="BelowAParent"/>: it waits for grace, seal and continuity.</summary>
    [Fact(Explicit = true)]
    public async Task Demo_WorldBelowAParent_PassesWhileProofsAreWithheldAndTheHomeIsDead()
    {
        var report = await RunAsync(null, "--checks", "15b,16");
        AssertVerdicts(report, ["15b", "16"], _ => "passed");
        Assert.Equal(0, report.Code);
        Remains.None(report.Folder);
    }

    [Fact]
    public async Task Demo_NoEnvoy_SaysSoWithTheReasonInEachRowThatNeedsOne()
    {
        var report = await RunAsync(
            new Dictionary<string, string?> { ["ENVOY"] = "/nowhere/envoy" }, "--checks", string.Join(',', MissEnvoy));

        AssertVerdicts(report, MissEnvoy, number => IsMissing(number, hasEnvoy: false) ? "skipped" : "passed");
        var reasons = report.Text.Split('\n').Count(line => line.StartsWith(
            "    skipped: no Envoy: find-envoy: ENVOY=/nowhere/envoy is not a program", StringComparison.Ordinal));
        Assert.Equal(4, reasons);
        Assert.Equal(0, report.Code);
    }

    [Fact]
    public async Task Demo_EnvoyDiesAfterItWorked_FailsEachCheckThatNeedsIt()
    {
        Assert.SkipWhen(EnvoyBinary.Path is null, EnvoyBinary.Reason);
        await using var demo = Programs.Start(Programs.Line("Cli", "demo", "--checks", string.Join(',', UseEnvoy)));
        var lines = new List<string>();
        await ReadAsync(demo, lines, "[passed] 1 ");
        var folder = DemoReport.FolderOf(string.Join('\n', lines));

        // Nothing that is published anew arrives: the check behind the one that Envoy works in cannot end before it
        // does.
        await Remains.StopAsync(Path.Combine(folder, "us1.internal", "controller.yaml"));
        await ReadAsync(demo, lines, "[passed] 3 ");
        Remains.Kill(Path.Combine(folder, "envoy.yaml"));
        var report = await EndAsync(demo, lines);

        AssertVerdicts(
            report, UseEnvoy, number => number is "1" or "3" ? "passed" : "FAILED");
        Directory.Delete(folder, recursive: true);
        Assert.Contains("Envoy ended, though nobody stopped it", report.Text, StringComparison.Ordinal);
        Assert.Equal(1, report.Code);
    }

    private async Task<DemoReport> RunAsync(
        IReadOnlyDictionary<string, string?>? environment = null, params string[] options)
    {
        await using var demo = Programs.Start(Programs.Line("Cli", ["demo", .. options]), environment);
        return await EndAsync(demo, []);
    }

    private async Task<DemoReport> EndAsync(ChildProcess demo, List<string> lines)
    {
        await ReadAsync(demo, lines, "demo: ");
        var (code, rest) = await demo.WaitForExitAsync(Bound, TestContext.Current.CancellationToken);
        var report = DemoReport.Of(code, string.Join('\n', lines) + '\n' + rest, demo.Errors);
        output.WriteLine(report.Text + demo.Errors);
        return report;
    }

    // To the first line that starts so; where none comes, what did come says why.
    private static async Task ReadAsync(ChildProcess demo, List<string> lines, string last)
    {
        try
        {
            do
            {
                lines.Add(await demo.ReadLineAsync(Bound, TestContext.Current.CancellationToken));
            }
            while (!lines[^1].StartsWith(last, StringComparison.Ordinal));
        }
        catch (InvalidOperationException e)
        {
            Assert.Fail(DemoReport.Of(null, string.Join('\n', lines) + '\n', e.Message).Explain(_ => "passed"));
        }
    }

    private static void AssertVerdicts(DemoReport report, string[] numbers, Func<string, string> expected)
    {
        var isAsExpected = report.Rows.Select(row => (row.Number, row.Verdict))
            .SequenceEqual(numbers.Select(number => (number, expected(number))));
        Assert.True(isAsExpected, isAsExpected ? null : report.Explain(expected));
    }

    // A namespace without a network is the one thing that only the check itself can tell.
    private static bool IsMissing(string number) => IsMissing(number, EnvoyBinary.Path is not null);

    private static bool IsMissing(string number, bool hasEnvoy) => number switch
    {
        "1b" => !CanUnshare.Value,
        "2" or "11" => PythonGrpc.Program is null,
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
}
