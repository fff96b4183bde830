using System.Globalization;
using Fairlead.Resolver;

namespace Fairlead.Bench;

/// <summary>
/// From the wish for a name to its verified answer, for a resolver that holds no connection: with all home anchors, and
/// with the first of them frozen. Every anchor is a process.
/// </summary>
internal static class SilentAnchorBenchmarks
{
    private const string Name = "checkout.shop.svc.us1.internal";
    private const int Warm = 20;
    private const int Count = 100;

    public static IReadOnlyList<Benchmark> All { get; } = [new("silent", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        await using var demo = await DemoProcess.StartAsync(cancellationToken);
        using var pod = demo.Pod();
        var healthy = await MeasureAsync(pod, cancellationToken);
        var first = demo.Processes("ANCHOR_PIDS_EU1")[0];
        Machine.Freeze(first);
        try
        {
            var silent = await MeasureAsync(pod, cancellationToken);
            var delay = new NameCacheOptions { Anchors = 1 }.HedgeMax;
            return
            [
                .. healthy.Rows("silent: cold resolve, all home anchors up"),
                new("silent: cold resolve, the first home anchor frozen p50", silent.Milliseconds(50), "ms"),
                new(
                    "silent: cold resolve, the first home anchor frozen p99",
                    silent.Milliseconds(99),
                    "ms",
                    healthy.Milliseconds(99) + delay)
                {
                    Note = string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Count} of {Count} answered, max {silent.Milliseconds(100):0.#} ms; "
                        + $"the budget is the healthy p99 and a hedge delay of {delay} ms"),
                },
            ];
        }
        finally
        {
            Machine.Thaw(first);
        }
    }

    private static async Task<Latencies> MeasureAsync(Pod pod, CancellationToken cancellationToken)
    {
        var latencies = new Latencies(Count);
        for (var i = -Warm; i < Count; i++)
        {
            await using var cold = await ColdResolve.StartAsync(pod, i, cancellationToken);
            var took = await cold.ResolveAsync(Name, cancellationToken);
            if (i >= 0)
            {
                latencies.Add(took);
            }
        }

        return latencies;
    }
}
