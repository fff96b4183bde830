using System.Text.Json;

namespace Fairlead.Hosting.Tests;

public sealed class ProgramShellTests
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    [Fact]
    public async Task Run_Stopped_EndsWith0()
    {
        using var stop = new CancellationTokenSource();
        var code = await RunAsync(
            async program =>
            {
                program.Ready();
                await stop.CancelAsync();
                program.Stopped.ThrowIfCancellationRequested();
            },
            stop.Token);
        Assert.Equal(ExitCodes.Stopped, code);
        Assert.Equal("ready", _output.ToString().TrimEnd());
        Assert.Empty(_errors.ToString());
    }

    [Fact]
    public async Task Run_Refused_TellsTheMessageAloneAndEndsWith2()
    {
        Assert.Equal(ExitCodes.Refused, await RunAsync(_ => throw new StartException("a.yaml:3: bad; do better")));
        Assert.Equal("a.yaml:3: bad; do better", _errors.ToString().Trim());
        Assert.Equal(ExitCodes.Refused, await RunAsync(_ => throw new InvalidDataException("mine")));
    }

    [Fact]
    public async Task Run_Broken_EndsWith1AndSaysBy()
    {
        Assert.Equal(ExitCodes.Broken, await RunAsync(_ => throw new InvalidOperationException("oh")));
        Assert.StartsWith(
            "ended by an error: System.InvalidOperationException: oh", _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Broken, await RunAsync(_ => throw new OperationCanceledException()));
    }

    [Fact]
    public async Task Run_ThatLogsAsJson_EndsWithAnObjectToo()
    {
        Assert.Equal(ExitCodes.Refused, await RunAsync(program =>
        {
            program.LogAs(LogFormat.Json);
            throw new StartException("a.yaml:3: bad; do better");
        }));
        using var line = JsonDocument.Parse(_errors.ToString());
        Assert.Equal("a.yaml:3: bad; do better", line.RootElement.GetProperty("message").GetString());
    }

    private Task<int> RunAsync(Func<ProgramContext, Task> run, CancellationToken stopped = default) =>
        ProgramShell.RunAsync(run, error => error is InvalidDataException, _output, _errors, stopped);
}
