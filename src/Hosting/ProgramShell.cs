using System.Runtime.InteropServices;
using Fairlead.Hosting.Reloading;

namespace Fairlead.Hosting;

/// <summary>
/// What every long-running program does around its work: ends by SIGINT and SIGTERM, hears SIGHUP as a request to read
/// its configuration anew and never as an end, logs to the standard error output, and turns what goes wrong into one
/// message and an exit code (<see cref="ExitCodes"/>). Stateless.
/// </summary>
public static class ProgramShell
{
    /// <summary>Runs a program on this process's console until it ends or a signal comes.</summary>
    /// <param name="run">The work; it returns once <see cref="ProgramContext.Stopped"/> is cancelled.</param>
    /// <param name="isRefused">Errors that are the operator's to mend, beside <see cref="StartException"/>.</param>
    public static async Task<int> RunAsync(Func<ProgramContext, Task> run, Func<Exception, bool> isRefused)
    {
        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        var reloads = new ReloadRequests();
        using var changed = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload);
        return await RunAsync(run, isRefused, Console.Out, Console.Error, stop.Token, reloads).ConfigureAwait(false);

        // The process ends in its own time, when the work has put everything away.
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        void Reload(PosixSignalContext context)
        {
            context.Cancel = true;
            reloads.Ask();
        }
    }

    /// <summary>The same on given writers and without signals.</summary>
    /// <param name="run">The work.</param>
    /// <param name="isRefused">Errors that are the operator's to mend, beside <see cref="StartException"/>.</param>
    /// <param name="output">Takes the line <c>ready</c>.</param>
    /// <param name="errors">Takes the log, and the message of an error that ends the program.</param>
    /// <param name="stopped">Tells the work to end.</param>
    /// <param name="reloads">Tells it to read its configuration anew; null for never.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        Func<ProgramContext, Task> run,
        Func<Exception, bool> isRefused,
        TextWriter output,
        TextWriter errors,
        CancellationToken stopped,
        ReloadRequests? reloads = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(isRefused);
        ArgumentNullException.ThrowIfNull(errors);
        var log = new ErrorLog(errors, TimeProvider.System);
        using var loggers = log.Factory();
        try
        {
            var program = new ProgramContext(
                output, log, loggers, TimeProvider.System, reloads ?? new ReloadRequests(), stopped);
            await run(program).ConfigureAwait(false);
            return ExitCodes.Stopped;
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            return ExitCodes.Stopped;
        }
        catch (Exception e) when (e is StartException || isRefused(e))
        {
            log.Tell(e.Message);
            return ExitCodes.Refused;
        }
        catch (Exception e)
        {
            log.Tell($"ended by an error: {e}");
            return ExitCodes.Broken;
        }
    }
}
