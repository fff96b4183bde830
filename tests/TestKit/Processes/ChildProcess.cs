using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;

namespace Fairlead.TestKit.Processes;

/// <summary>
/// A program that a test starts, talks to by lines, and ends by its own id. Keeps the end of its stderr for messages of
/// failure. One reader at a time.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int ErrorLinesMax = 200;

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly Queue<string> _errors = new();
    private readonly Task _pumps;

    private ChildProcess(Process process)
    {
        _process = process;
        _pumps = Task.WhenAll(PumpOutputAsync(), PumpErrorsAsync());
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The last lines of its stderr.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return string.Join('\n', _errors);
            }
        }
    }

    /// <summary>Starts a program; a null value takes a variable out of its environment.</summary>
    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            info.Environment[name] = value;
        }

        return new ChildProcess(Children.Start(info));
    }

    /// <summary>Writes a line to its stdin and returns the next line of its stdout.</summary>
    public async Task<string> AskAsync(string line, TimeSpan bound, CancellationToken cancellationToken)
    {
        await SayAsync(line, cancellationToken);
        return await ReadLineAsync(bound, cancellationToken);
    }

    /// <summary>Writes a line to its stdin.</summary>
    public async Task SayAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>The next line of its stdout.</summary>
    /// <exception cref="InvalidOperationException">It ended, or said nothing in time; with the end of its
    /// stderr.</exception>
    public async Task<string> ReadLineAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        try
        {
            return await _lines.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(bound, cancellationToken);
        }
        catch (Exception e) when (e is ChannelClosedException or TimeoutException)
        {
            throw new InvalidOperationException(
                $"{_process.StartInfo.FileName} said nothing: {e.Message}\n{Errors}", e);
        }
    }

    /// <summary>Lets go of what it said that nobody read.</summary>
    public void Skip()
    {
        while (_lines.Reader.TryRead(out _))
        {
        }
    }

    /// <summary>Sends it a signal, by its number.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            _ = kill(_process.Id, signal);
        }
    }

    /// <summary>Waits until it ends by itself; its exit code.</summary>
    /// <exception cref="TimeoutException">It did not in time.</exception>
    public async Task<int> WaitAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).WaitAsync(bound, cancellationToken);
        await _pumps.WaitAsync(bound, cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code, and the lines of its stdout that nobody read.</returns>
    /// <exception cref="TimeoutException">It runs on.</exception>
    public async Task<(int Code, string Output)> WaitForExitAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        var code = await WaitAsync(bound, cancellationToken);
        var output = new StringBuilder();
        while (_lines.Reader.TryRead(out var line))
        {
            output.Append(line).Append('\n');
        }

        return (code, output.ToString());
    }

    /// <summary>Ends it at once, and what it started.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        await _pumps;
        _process.Dispose();
    }

    private async Task PumpOutputAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _lines.Writer.TryWrite(line);
        }

        _lines.Writer.Complete();
    }

    private async Task PumpErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
            {
                _errors.Enqueue(line);
                if (_errors.Count > ErrorLinesMax)
                {
                    _errors.Dequeue();
                }
            }
        }
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
}
