using System.Runtime.InteropServices;
using Fairlead.Configuration;
using Fairlead.Hosting.Memory;
using Fairlead.Hosting.Reloading;
using Fairlead.Hosting;
using Fairlead.Resolver.Home;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Hosting.Reloading;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// The sidecar as a program: <c>--config FILE</c>, with <c>--check-config</c> to check it and end. Prints
/// <c>serving</c> with its addresses once it listens, <c>ready</c> once it is what <c>/ready</c> calls so. SIGTERM and
/// SIGINT drain it and end it, a second one at once; SIGHUP and a change of the file make it read its configuration
/// anew. Exit codes: 0 after SIGTERM and SIGINT, 1 when something inside broke or did not end in its time, 2 for what
/// its configuration or its files must mend.
/// </summary>
internal static class SidecarProgram
{
    /// <summary>What everything besides the requests of the proxy has together to end.</summary>
    internal static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    private const string Usage = "usage: sidecar --config FILE [--check-config]";

    /// <summary>Runs until it is told to end.</summary>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        using var stop = new CancellationTokenSource();
        var reloads = new ReloadRequests();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var changed = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload);
        var log = new ErrorLog(Console.Error, TimeProvider.System);
        using var loggers = log.Factory();
        return await RunAsync(
            arguments, (TimeProvider.System, loggers), (Console.Out, log), reloads, stop.Token)
            .ConfigureAwait(false);

        // A second signal does what it does to any program.
        void Stop(PosixSignalContext context)
        {
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }

        void Reload(PosixSignalContext context)
        {
            context.Cancel = true;
            reloads.Ask();
        }
    }

    /// <summary>The same with its surroundings as arguments.</summary>
    internal static async Task<int> RunAsync(
        IReadOnlyList<string> arguments,
        (TimeProvider Time, ILoggerFactory Loggers) surroundings,
        (TextWriter Output, ErrorLog Error) console,
        ReloadRequests reloads,
        CancellationToken stop)
    {
        if (arguments is not (["--config", _] or ["--config", _, "--check-config"]))
        {
            var help = ProgramHelp.Of(arguments, Usage, typeof(SidecarProgram).Assembly);
            if (help is null)
            {
                console.Error.Tell(Usage);
                return ExitCodes.Refused;
            }

            await console.Output.WriteLineAsync(help).ConfigureAwait(false);
            return ExitCodes.Stopped;
        }

        var (path, environment) = (arguments[1], EnvironmentVariables.Read());
        if (arguments.Count == 3)
        {
            return await CheckAsync(path, environment, surroundings.Time, console).ConfigureAwait(false);
        }

        SidecarOptions? options = null;
        try
        {
            var loaded = LoadedConfiguration.Load(path, environment);
            options = loaded.Options;
            console.Error.Format = options.Log;
            var host = await SidecarHost.StartAsync(
                options, surroundings.Time, new StrongRandom(), surroundings.Loggers, stop)
                .ConfigureAwait(false);
            host.Reloads = ReloadStatus.Start with { Path = path, ReadAt = surroundings.Time.GetUtcNow() };
            var ended = true;
            try
            {
                var reloader = new Reloader(
                    loaded, host, surroundings.Time, surroundings.Loggers.CreateLogger<Reloader>());
                _ = reloader.RunAsync(reloads, stop);
                await ServeAsync(host, surroundings.Time, console.Output, stop).ConfigureAwait(false);
            }
            finally
            {
                ended = await EndAsync(host, surroundings.Time, console.Error).ConfigureAwait(false);
            }

            return ended ? ExitCodes.Stopped : ExitCodes.Broken;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCodes.Stopped; // Told to end before it had started.
        }
        catch (Exception e)
        {
            return Refuse(e, options, console.Error);
        }
    }

    private static async Task<int> CheckAsync(
        string path,
        IReadOnlyDictionary<string, string> environment,
        TimeProvider time,
        (TextWriter Output, ErrorLog Error) console)
    {
        var (problems, notes) = ConfigurationCheck.Run(path, environment, time);
        foreach (var problem in problems)
        {
            console.Error.Tell(problem);
        }

        foreach (var note in notes)
        {
            console.Error.Tell($"note: {note}");
        }

        if (problems.Count > 0)
        {
            return ExitCodes.Refused;
        }

        await console.Output.WriteLineAsync("the configuration is good").ConfigureAwait(false);
        return ExitCodes.Stopped;
    }

    private static int Refuse(Exception e, SidecarOptions? options, ErrorLog error)
    {
        var (code, text) = e switch
        {
            ConfigurationException or StartException => (ExitCodes.Refused, e.Message),
            ForeignHomeException => (
                ExitCodes.Refused,
                $"bootstrap file {options!.Bootstrap}: every anchor that it names shows another home: {e.Message}; "
                + "take genesis and floor from the home segment's own bootstrap.json"),
            _ => (ExitCodes.Broken, $"ResolverBroken: the sidecar ends: {e}"),
        };
        error.Tell(text);
        return code;
    }

    private static async Task ServeAsync(
        SidecarHost host, TimeProvider time, TextWriter output, CancellationToken stop)
    {
        using var collector = new QuietCollector(time);
        await output.WriteLineAsync($"serving {host.Addresses}").ConfigureAwait(false);
        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
        var ready = host.Ready;
        if (await Task.WhenAny(ready, host.Completion, stopped).ConfigureAwait(false) == ready)
        {
            await output.WriteLineAsync("ready").ConfigureAwait(false);

            // What only the start needed goes back to the machine once: there is one sidecar for each pod.
            QuietCollector.Collect();
        }

        // Whatever ends the resolver ends the sidecar: a supervisor starts a new one, which knows what to do.
        await (await Task.WhenAny(host.Completion, stopped).ConfigureAwait(false))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stop.IsCancellationRequested)
        {
            await host.Completion.ConfigureAwait(false);
        }
    }

    /// <summary>Drains and ends a sidecar.</summary>
    /// <returns>False where a part was left behind: it had its time, and the pod's is limited.</returns>
    private static async Task<bool> EndAsync(SidecarHost host, TimeProvider time, ErrorLog error)
    {
        var ending = host.DisposeAsync().AsTask();
        var bound = host.Drain + EndPatience;
        using var over = new CancellationTokenSource();
        if (await Task.WhenAny(ending, Task.Delay(bound, time, over.Token)).ConfigureAwait(false) == ending)
        {
            await over.CancelAsync().ConfigureAwait(false);
            await ending.ConfigureAwait(false);
            return true;
        }

        error.Tell($"DrainOverdue: {host.Ending} did not end within {bound.TotalSeconds:0.#} s and is left behind");
        return false;
    }
}
