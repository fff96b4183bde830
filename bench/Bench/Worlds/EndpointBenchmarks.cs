using System.Globalization;

namespace Fairlead.Bench;

/// <summary>An endpoint changes in one segment; a real Envoy in the other one takes it. Every process is
/// real.</summary>
internal static class EndpointBenchmarks
{
    // Adds and removes that do not count. Ten are too few to measure more than the compiler in twelve fresh processes.
    private const int Warm = 150;
    private const int Count = 50;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    public static IReadOnlyList<Benchmark> All { get; } = [new("endpoint", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        await using var demo = await DemoProcess.StartAsync(cancellationToken);
        if (!demo.HasEnvoy)
        {
            const string reason = "no Envoy: set ENVOY to its binary";
            return
            [
                BenchRow.Skip("endpoint: change -> ACK of Envoy in the other segment", "ms", 25, reason),
                BenchRow.Skip("endpoint: add -> first request on it", "ms", 25, reason),
            ];
        }

        await using var endpoint = await NewEndpoint.StartAsync(demo.Manifests, cancellationToken);
        List<BenchRow> rows = [];
        rows.AddRange(await MeasureAsync(demo, endpoint, "", 80, cancellationToken));

        // F = 1 of each segment, the ones that lead and serve first.
        foreach (var key in new[] { "ANCHOR_PIDS_EU1", "ANCHOR_PIDS_US1" })
        {
            Machine.End(demo.Processes(key)[0]);
        }

        await Task.Delay(Settling, TimeProvider.System, cancellationToken);
        rows.AddRange(await MeasureAsync(demo, endpoint, ", F stopped", 200, cancellationToken));
        return rows;
    }

    private static async Task<IEnumerable<BenchRow>> MeasureAsync(
        DemoProcess demo, NewEndpoint endpoint, string how, double most99, CancellationToken cancellationToken)
    {
        using var run = new EndpointRun(demo, endpoint);
        await run.RunAsync(Warm, Count, cancellationToken);
        var parts = string.Create(
            CultureInfo.InvariantCulture,
            $"adds {run.Added.Milliseconds(50):0.#}, removes {run.Removed.Milliseconds(50):0.#} ms;"
            + $" {DiskProbe.Describe()}");
        return
        [
            .. run.All.Rows($"endpoint: change -> ACK of Envoy in the other segment{how}", 25, most99, parts),
            .. run.FirstRequest.Rows($"endpoint: add -> first request on it{how}", 25, most99),
            new($"endpoint: CPU of anchors, sidecar and Envoy for one change{how}", run.Cpu, "ms"),
        ];
    }
}
