using System.Diagnostics;

namespace Fairlead.Cli.Demo;

/// <summary>Calls of a gRPC client, one after the other, and what came of the newest. Thread-safe.</summary>
internal sealed class GrpcWatch : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private volatile string _last = "";

    private GrpcWatch(Process process)
    {
        _process = process;
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>The status of the newest call; empty before the first.</summary>
    /// <exception cref="CheckFailedException">The client ended.</exception>
    internal string Last() => _reading.IsCompleted
        ? throw new CheckFailedException($"the gRPC client ended: {_process.StandardError.ReadToEnd()}")
        : _last;

    /// <summary>Starts the client.</summary>
    internal static async Task<GrpcWatch> StartAsync(Spawner spawner, ProcessStartInfo info)
    {
        info.RedirectStandardOutput = true;
        info.RedirectStandardError = true;
        return new GrpcWatch(await spawner.StartAsync(info).ConfigureAwait(false));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            _last = line;
        }
    }
}
