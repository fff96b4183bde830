// bench [NAME...]   runs the named benchmarks, all without a name; prints the rows and writes artifacts/bench.json.
// Exit codes: 0 done (a row over its budget says MISSED, and the closing line counts them), 1 a benchmark failed,
// 2 unknown name, 130 told to end.
using System.Runtime.InteropServices;
using Fairlead.Bench;

if (args is [XdsClients.Command, var socket, var streams, var connections, var variant])
{
    return await XdsClients.RunAsync(socket, streams, connections, variant);
}

if (args is [ProxyProgram.Command, var kind, var ports])
{
    return await ProxyProgram.RunAsync(kind, ports);
}

if (args is [SidecarCrowd.Command, var bootstrap, var key, var count, var names])
{
    return await SidecarCrowd.RunAsync(bootstrap, key, count, names);
}

// Told to end, it first ends what it started.
using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
return await BenchRun.RunAsync(args, Console.Out, Console.Error, "artifacts/bench.json", stop.Token);

void End(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
