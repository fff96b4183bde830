using System.Runtime.InteropServices;
using Fairlead.Configuration;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// The sidecar as a program: <c>--config FILE</c>, with <c>--check-config</c> to check it and end; prints <c>ready</c>; ends on
/// SIGTERM and SIGINT with 0.
/// </summary>
internal static class SidecarProgram
{
    private const int Usage = 2;

    /// <summary>Runs until it is told to end.</summary>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (arguments is not (["--config", _] or ["--config", _, "--check-config"]))
        {
            await Console.Error.WriteLineAsync("usage: sidecar --config FILE [--check-config]").ConfigureAwait(false);
            return Usage;
        }

        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var loggers = LoggerFactory.Create(logging => logging
            .AddSimpleConsole(console => console.SingleLine = true)
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
            .SetMinimumLevel(LogLevel.Information));
        try
        {
            var options = SidecarOptions.Load(arguments[1], EnvironmentVariables.Read());
            if (arguments.Count == 3)
            {
                await Console.Out.WriteLineAsync("the configuration is good").ConfigureAwait(false);
                return 0;
            }

            var random = new Random(Environment.ProcessId);
            var host = await SidecarHost.StartAsync(options, TimeProvider.System, random, loggers, stop.Token).ConfigureAwait(false);
            await using (host.ConfigureAwait(false))
            {
                await Console.Out.WriteLineAsync("ready").ConfigureAwait(false);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return 0;
        }
        catch (Exception e) when (e is ConfigurationException or StartException)
        {
            await Console.Error.WriteLineAsync(e.Message).ConfigureAwait(false);
            return Usage;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }
}
