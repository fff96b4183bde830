using Fairlead.EndToEnd.Tests.Demo;
using Xunit;

namespace Fairlead.EndToEnd.Tests.Commands;

/// <summary>Colour is for a terminal that did not refuse it.</summary>
public sealed class ColourTests(KeptDemo kept)
{
    private const string Terminal = """
        import os, pty, sys
        sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
        """;

    [Theory]
    [InlineData(true, "", true)]
    [InlineData(true, "1", false)]
    [InlineData(false, "", false)]
    public async Task Trace_Colours_OnlyOnATerminalWithoutNoColor(bool isTerminal, string noColor, bool isColoured)
    {
        var run = await TraceAsync(isTerminal, noColor);

        Assert.Equal(isColoured, run.Output.Contains("\e[1m", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Trace_NoColorOption_IsPlainOnATerminal() =>
        Assert.DoesNotContain("\e[1m", (await TraceAsync(true, "", "--no-color")).Output, StringComparison.Ordinal);

    private async Task<ProgramRun> TraceAsync(bool isTerminal, string noColor, params string[] more)
    {
        var demo = await kept.GetAsync();
        var line = Programs.Line(
            "Cli",
            [
                "trace", DemoEnvironment.Checkout, "--bootstrap", demo["BOOTSTRAP_FILE"], "--key", demo["KEY_FILE"],
                .. more,
            ]);
        var environment = new Dictionary<string, string?> { ["NO_COLOR"] = noColor, ["TERM"] = "xterm-256color" };
        var run = await Programs.RunAsync(isTerminal ? ["python3", "-c", Terminal, .. line] : line, environment);
        Assert.Contains("hop 1", run.Ends(0).Output, StringComparison.Ordinal);
        return run;
    }
}
