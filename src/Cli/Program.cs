using System.Runtime.InteropServices;
using Fairlead.Cli;

using var stop = new CancellationTokenSource();
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
try
{
    return await FairleadCommand.RunAsync(args, Console.Out, stop.Token).ConfigureAwait(false);
}
catch (Exception e)
{
    await Console.Error.WriteLineAsync($"fairlead: internal error: {e}").ConfigureAwait(false);
    return ExitCode.Internal;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
