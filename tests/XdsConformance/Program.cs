// XdsConformance --listen ADDR [--listen ADDR]
// Serves what a conformance harness says by the adapter service that stands beside the discovery services, on every
// address: a harness dials one for its adapter and one for its target, which may be the same. ADDR is a loopback
// HOST:PORT or unix:PATH. Prints "ready" and the addresses. Exit codes: 0 told to end, 2 wrong arguments or an address
// in use.
using System.Runtime.InteropServices;
using Fairlead.XdsConformance;

using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
return await ConformanceProgram.RunAsync(args, Console.Out, Console.Error, stop.Token);

void End(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
