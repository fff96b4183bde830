// bench [NAME...]   runs the named benchmarks, all without a name; prints the rows and writes artifacts/bench.json.
// Exit codes: 0 done (a row over its budget says MISSED, and the closing line counts them), 1 a benchmark failed,
// 2 unknown name.
using Fairlead.Bench;

if (args is [XdsClients.Command, var socket, var streams, var connections])
{
    return await XdsClients.RunAsync(socket, streams, connections);
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
return await BenchRun.RunAsync(args, Console.Out, Console.Error, "artifacts/bench.json", stop.Token);
