using System.Runtime.InteropServices;
using Fairlead.Hosting.Reloading;

namespace Fairlead.Hosting;

/// <summary>
/// What every long-running program does around its work: ends by SIGINT and SIGTERM, at once by a second one and within
/// <see cref="EndPatience"/> after the first, hears SIGHUP as a request to read
/// its configuration anew and never as an end, logs to the standard error output, and turns what goes wrong into one
/// message and an exit code (<see cref="ExitCodes"/>). Stateless.
/// </summary>
public static class ProgramShell
{
    /// <summary>How long the work may take to end once it was told to: less than the 30 s that a pod has by default.
    /// </summary>
    public static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(25);

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

        void Stop(PosixSignalContext context) => ProgramShell.Stop(context, stop);

        void Reload(PosixSignalContext context)
        {
            context.Cancel = true;
            reloads.Ask();
        }
    }

    /// <summary>Takes a signal to end: the process goes on until the work has put everything away, unless it was told
    /// before.</summary>
    internal static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }

    /// <summary>The same on given writers and without signals.</summary>
    /// <param name="run">The work.</param>
    /// <param name="isRefused">Errors that are the operator's to mend, beside <see cref="StartException"/>.</param>
    /// <param name="output">Takes the line <c>ready</c>.</param>
    /// <param name="errors">Takes the log, and the message of an error that ends the program.</param>
    /// <param name="stopped">Tells the work to end.</param>
    /// <param name="reloads">Tells it to read its configuration anew; null for never.</param>
    /// <param name="time">The clock of the end; null for the system's.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        Func<ProgramContext, Task> run,
        Func<Exception, bool> isRefused,
        TextWriter output,
        TextWriter errors,
        CancellationToken stopped,
        ReloadRequests? reloads = null,
        TimeProvider? time = null)
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
            if (await EndsAsync(run(program), time ?? TimeProvider.System, stopped).ConfigureAwait(false))
            {
                return ExitCodes.Stopped;
            }

            log.Tell($"DrainOverdue: the work did not end within {EndPatience.TotalSeconds:0} s and is left behind");
            return ExitCodes.Broken;
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

    private static async Task<bool> EndsAsync(Task work, TimeProvider time, CancellationToken stopped)
    {
        try
        {
            await work.WaitAsync(stopped).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // From now on it has its time to end; how it ends is said below.
        }

        try
        {
            await work.WaitAsync(EndPatience, time, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException) when (!work.IsFaulted)
        {
            // It may have ended in that moment.
            return work.IsCompleted;
        }
    }
}
