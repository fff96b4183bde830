using System.Runtime.InteropServices;
using Fairlead.Configuration;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Hosting;

/// <summary>The anchor as a program: <c>--config FILE</c>; prints <c>ready</c>; ends on SIGTERM and SIGINT with 0.</summary>
internal static class AnchorProgram
{
    private const int Usage = 2;

    /// <summary>Runs until it is told to end.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="decorate">Wraps the service that consumers see; for programs that test how consumers take lies.</param>
    internal static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, Func<ServerServiceDefinition, ServerServiceDefinition>? decorate = null)
    {
        if (arguments is not ["--config", var path])
        {
            await Console.Error.WriteLineAsync("usage: anchor --config FILE").ConfigureAwait(false);
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
            var options = AnchorOptions.Load(path, EnvironmentVariables.Read());
            var host = await AnchorHost.StartAsync(options, TimeProvider.System, loggers, decorate, stop.Token).ConfigureAwait(false);
            await using (host.ConfigureAwait(false))
            {
                await Console.Out.WriteLineAsync("ready").ConfigureAwait(false);
                await host.WaitAsync(stop.Token).ConfigureAwait(false);
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
