using System.Runtime.InteropServices;
using System.Text.Json;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Hosting.Tests;

public sealed class ProgramShellTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
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
    public async Task Run_ThatDoesNotEnd_IsLeftBehindByName()
    {
        var time = new ManualTimeProvider();
        using var stop = new CancellationTokenSource();
        var never = new TaskCompletionSource();
        var running = ProgramShell.RunAsync(_ => never.Task, _ => false, _output, _errors, stop.Token, null, time);
        time.Advance(TimeSpan.FromDays(1));
        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await Eventually.HoldsAsync(
            () => Task.FromResult(time.Armed), timers => timers > 0, Patience, TestContext.Current.CancellationToken);
        time.Advance(ProgramShell.EndPatience);
        Assert.Equal(ExitCodes.Broken, await running.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.StartsWith("DrainOverdue: ", _errors.ToString(), StringComparison.Ordinal);
    }

    /// <summary>What goes wrong while it ends is told, and no less than before it was told to end.</summary>
    [Fact]
    public async Task Run_ThatBreaksWhileItEnds_EndsWith1()
    {
        using var stop = new CancellationTokenSource();
        var end = new TaskCompletionSource();
        var running = RunAsync(_ => end.Task, stop.Token);
        await stop.CancelAsync();
        end.SetException(new InvalidOperationException("late"));
        Assert.Equal(ExitCodes.Broken, await running.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Contains("late", _errors.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The runtime ends the process by a signal that nobody takes.</summary>
    [Fact]
    public void Stop_ASecondTime_IsLeftToTheSignal()
    {
        using var stop = new CancellationTokenSource();
        var (first, second) = (new PosixSignalContext(PosixSignal.SIGTERM), new PosixSignalContext(PosixSignal.SIGINT));
        ProgramShell.Stop(first, stop);
        Assert.True(stop.IsCancellationRequested);
        ProgramShell.Stop(second, stop);
        Assert.Equal((true, false), (first.Cancel, second.Cancel));
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
