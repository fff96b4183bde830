using System.Globalization;
using Fairlead.Resolver;

namespace Fairlead.Bench;

/// <summary>
/// From the wish for a name to its verified answer, for a resolver that holds no connection: with all home anchors, and
/// with the first of them frozen; and of names for which nobody asked before, with all of the target's anchors and with
/// the one frozen that the home's first anchor asks. Every anchor is a process.
/// </summary>
internal static class SilentAnchorBenchmarks
{
    private const string Name = "checkout.shop.svc.us1.internal";
    private const int Warm = 20;
    private const int Count = 100;

    public static IReadOnlyList<Benchmark> All { get; } = 
        [new("silent", RunAsync), new("silent-target", TargetAsync)];

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
            return
            [
                .. healthy.Rows("silent: cold resolve, all home anchors up"),
                .. Rows("silent: cold resolve, the first home anchor frozen", healthy, silent),
            ];
        }
        finally
        {
            Machine.Thaw(first);
        }
    }

    private static async Task<IReadOnlyList<BenchRow>> TargetAsync(CancellationToken cancellationToken)
    {
        await using var demo = await DemoProcess.StartAsync(cancellationToken);
        var names = await demo.ExportAsync(2 + Warm + (2 * Count), cancellationToken);
        await demo.SealedAsync(names.Length, cancellationToken);
        using var pod = demo.Pod();
        await using var resolver = await ColdResolve.StartAsync(pod, 1, cancellationToken);
        await MeasureAsync(resolver, names[2..(2 + Warm)], cancellationToken);
        var healthy = await MeasureAsync(resolver, names[(2 + Warm)..^Count], cancellationToken);
        var first = demo.Processes("ANCHOR_PIDS_US1")[0];
        Machine.Freeze(first);
        try
        {
            var silent = await MeasureAsync(resolver, names[^Count..], cancellationToken);
            return
            [
                .. healthy.Rows("silent-target: resolve of a fresh name, all anchors up"),
                .. Rows("silent-target: resolve of a fresh name, one anchor of the target frozen", healthy, silent),
            ];
        }
        finally
        {
            Machine.Thaw(first);
        }
    }

    private static IEnumerable<BenchRow> Rows(string name, Latencies healthy, Latencies silent)
    {
        var delay = new NameCacheOptions { Anchors = 1 }.HedgeMax;
        return
        [
            new(name + " p50", silent.Milliseconds(50), "ms"),
            new(name + " p99", silent.Milliseconds(99), "ms", healthy.Milliseconds(99) + delay)
            {
                Note = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Count} of {Count} answered, max {silent.Milliseconds(100):0.#} ms; "
                    + $"the budget is the healthy p99 and a hedge delay of {delay} ms"),
            },
        ];
    }

    private static async Task<Latencies> MeasureAsync(
        ColdResolve resolver, string[] names, CancellationToken cancellationToken)
    {
        var latencies = new Latencies(names.Length);
        foreach (var name in names)
        {
            latencies.Add(await resolver.ResolveAsync(name, cancellationToken));
        }

        return latencies;
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
