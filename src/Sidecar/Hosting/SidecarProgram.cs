using System.Runtime.InteropServices;
using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Resolver.Home;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// The sidecar as a program: <c>--config FILE</c>, with <c>--check-config</c> to check it and end. Prints
/// <c>serving</c>
/// with its addresses once it listens, <c>ready</c> once it is what <c>/ready</c> calls so. Exit codes: 0 after SIGTERM
/// and SIGINT, 1 when something inside broke, 2 for what its configuration or its files must mend.
/// </summary>
internal static class SidecarProgram
{
    private const int Broken = 1;
    private const int Usage = 2;

    /// <summary>Runs until it is told to end.</summary>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var loggers = LoggerFactory.Create(logging => logging
            .AddProvider(new ErrorLog(Console.Error, TimeProvider.System)).SetMinimumLevel(LogLevel.Information));
        return await RunAsync(arguments, TimeProvider.System, loggers, Console.Out, Console.Error, stop.Token)
            .ConfigureAwait(false);

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>The same with its surroundings as arguments.</summary>
    internal static async Task<int> RunAsync(
        IReadOnlyList<string> arguments,
        TimeProvider time,
        ILoggerFactory loggers,
        TextWriter output,
        TextWriter error,
        CancellationToken stop)
    {
        if (arguments is not (["--config", _] or ["--config", _, "--check-config"]))
        {
            await error.WriteLineAsync("usage: sidecar --config FILE [--check-config]").ConfigureAwait(false);
            return Usage;
        }

        SidecarOptions? options = null;
        try
        {
            options = SidecarOptions.Load(arguments[1], EnvironmentVariables.Read());
            if (arguments.Count == 3)
            {
                using var setup = ResolverSetup.Read(
                    options, time, new Random(0), loggers.CreateLogger<SidecarHost>());
                await output.WriteLineAsync("the configuration is good").ConfigureAwait(false);
                return 0;
            }

            await ServeAsync(options, time, loggers, output, stop).ConfigureAwait(false);
            return 0;
        }
        catch (Exception e) when (e is ConfigurationException or StartException)
        {
            await error.WriteLineAsync(e.Message).ConfigureAwait(false);
            return Usage;
        }
        catch (ForeignHomeException e)
        {
            await error.WriteLineAsync(
                $"bootstrap file {options!.Bootstrap}: every anchor that it names shows another home: {e.Message}; "
                + "take genesis and floor from the home segment's own bootstrap.json").ConfigureAwait(false);
            return Usage;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0; // Told to end before it had started.
        }
        catch (Exception e)
        {
            await error.WriteLineAsync($"ResolverBroken: the sidecar ends: {e}").ConfigureAwait(false);
            return Broken;
        }
    }

    private static async Task ServeAsync(
        SidecarOptions options, TimeProvider time, ILoggerFactory loggers, TextWriter output, CancellationToken stop)
    {
        var host = await SidecarHost.StartAsync(options, time, new Random(Environment.ProcessId), loggers, stop)
            .ConfigureAwait(false);
        await using (host.ConfigureAwait(false))
        {
            await output.WriteLineAsync($"serving {host.Addresses}").ConfigureAwait(false);
            var stopped = Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
            var ready = host.Ready;
            if (await Task.WhenAny(ready, host.Completion, stopped).ConfigureAwait(false) == ready)
            {
                await output.WriteLineAsync("ready").ConfigureAwait(false);

                // What only the start needed goes back to the machine once: there is one sidecar for each pod.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }

            // Whatever ends the resolver ends the sidecar: a supervisor starts a new one, which knows what to do.
            await (await Task.WhenAny(host.Completion, stopped).ConfigureAwait(false))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stop.IsCancellationRequested)
            {
                await host.Completion.ConfigureAwait(false);
            }
        }
    }
}
