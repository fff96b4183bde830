// bench [NAME...]   runs the named benchmarks, all without a name; prints the rows and writes artifacts/bench.json.
// Exit codes: 0 done (a row over its budget says so, and the closing line counts them), 1 a benchmark failed,
// 2 unknown name.
using Fairlead.Bench;

// Each area keeps its own list; add yours here.
Benchmark[] all = [.. StorageBenchmarks.All, .. ProxyBenchmarks.All];

var unknown = args.Except(all.Select(b => b.Name)).ToArray();
if (unknown.Length > 0)
{
    Console.Error.WriteLine($"unknown benchmark {unknown[0]}; there are: {string.Join(", ", all.Select(b => b.Name))}");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
var report = new BenchReport(Console.Out);
var failed = 0;
foreach (var benchmark in all.Where(b => args.Length == 0 || args.Contains(b.Name)))
{
    try
    {
        foreach (var row in await benchmark.Run(stop.Token))
        {
            report.Add(row);
        }
    }
    catch (Exception exception)
    {
        failed++;
        Console.Error.WriteLine($"{benchmark.Name} failed: {exception}");
    }
}

report.Write("artifacts/bench.json");
Console.WriteLine($"bench: {report.Over} over budget, {failed} failed; rows in artifacts/bench.json");
return failed > 0 ? 1 : 0;
