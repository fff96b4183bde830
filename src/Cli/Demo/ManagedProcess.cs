using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Fairlead.Cli.Demo;

/// <summary>
/// A child that the demo started: its output goes to a log file, its line <c>ready</c> can be awaited, and it is ended
/// by its process id alone. Thread-safe.
/// </summary>
internal sealed class ManagedProcess : IAsyncDisposable
{
    private const int LogBytesMax = 16 * 1024 * 1024;
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly TimeProvider _time;
    private readonly StreamWriter _log;
    private readonly Lock _logLock = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string? _readyMarker;
    private long _logged;

    private ManagedProcess(string name, Process process, string logPath, string? readyMarker, TimeProvider time)
    {
        _time = time;
        Name = name;
        LogPath = logPath;
        _process = process;
        _readyMarker = readyMarker;
        _log = new StreamWriter(logPath, append: true) { AutoFlush = true };
    }

    /// <summary>What the child is called on screen.</summary>
    internal string Name { get; }

    /// <summary>Where its output is kept.</summary>
    internal string LogPath { get; }

    /// <summary>The process id.</summary>
    internal int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    internal bool HasExited => _process.HasExited;

    /// <summary>
    /// Starts a child. <paramref name="readyMarker"/> is what the line that reports readiness contains; null where the
    /// child reports none.
    /// </summary>
    internal static async Task<ManagedProcess> StartAsync(
        Spawner spawner, string name, ProcessStartInfo info, string logPath, string? readyMarker, TimeProvider time)
    {
        info.RedirectStandardOutput = true;
        info.RedirectStandardError = true;
        info.RedirectStandardInput = true;
        var process = await spawner.StartAsync(info).ConfigureAwait(false);
        process.StandardInput.Close();
        var child = new ManagedProcess(name, process, logPath, readyMarker, time);
        _ = child.PumpAsync(process.StandardOutput);
        _ = child.PumpAsync(process.StandardError);
        return child;
    }

    /// <summary>Waits for the ready line.</summary>
    /// <exception cref="CliException">The child ended first, or took longer than <paramref
    /// name="patience"/>.</exception>
    internal async Task WaitReadyAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        var exited = _process.WaitForExitAsync(either.Token);
        _ = await Task.WhenAny(_ready.Task, exited).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (!_ready.Task.IsCompleted)
        {
            throw NotReady();
        }
    }

    /// <summary>
    /// Asks again and again whether the child is as wanted; for one that reports no readiness by itself.
    /// </summary>
    /// <exception cref="CliException">The child ended first, or took longer than <paramref
    /// name="patience"/>.</exception>
    internal async Task WaitAsync(
        Func<CancellationToken, Task<bool>> isReady, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        using var period = new PeriodicTimer(AskAgain, _time);
        try
        {
            while (!await isReady(either.Token).ConfigureAwait(false))
            {
                if (_process.HasExited)
                {
                    throw NotReady();
                }

                await period.WaitForNextTickAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw NotReady();
        }
    }

    /// <summary>Waits until it has ended.</summary>
    internal Task WaitForExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>Sends a signal.</summary>
    internal void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            _ = kill(_process.Id, signal);
        }
    }

    /// <summary>Asks the child to end, and ends it by force if it does not within some seconds.</summary>
    internal async Task StopAsync()
    {
        Signal(Signals.Cont);
        Signal(Signals.Term);
        try
        {
            await _process.WaitForExitAsync().WaitAsync(StopPatience, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Signal(Signals.Kill);
            await _process.WaitForExitAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _process.Dispose();
        lock (_logLock)
        {
            _log.Dispose();
        }
    }

    private CliException NotReady()
    {
        var why = _process.HasExited
            ? string.Create(CultureInfo.InvariantCulture, $"ended with exit code {_process.ExitCode}")
            : "was not ready in time";
        return new CliException(ExitCode.Internal, $"{Name} {why}; its output is in {LogPath}: {Tail()}");
    }

    private string Tail()
    {
        try
        {
            return string.Join(" | ", File.ReadLines(LogPath).TakeLast(4));
        }
        catch (IOException)
        {
            return "";
        }
    }

    private async Task PumpAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (_readyMarker is not null && line.Contains(_readyMarker, StringComparison.Ordinal))
            {
                _ready.TrySetResult();
            }

            lock (_logLock)
            {
                if ((_logged += line.Length + 1) <= LogBytesMax && _log.BaseStream.CanWrite)
                {
                    _log.WriteLine(line);
                }
            }
        }
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
}
