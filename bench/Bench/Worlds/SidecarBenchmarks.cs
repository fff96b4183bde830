using System.Globalization;

namespace Fairlead.Bench;

/// <summary>A real sidecar that imports twenty names: its memory, and how soon it is ready.</summary>
internal static class SidecarBenchmarks
{
    private const int Names = 20;
    private const int Starts = 5;
    private const string Memory = "sidecar: RssAnon + RssShmem at 20 names";
    private const string Slow = "sidecar: start -> ready at 0.1 CPU";
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static IReadOnlyList<Benchmark> All { get; } = [new("sidecar", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        await using var demo = await DemoProcess.StartAsync(cancellationToken);
        var generated = Names - 2;
        await ChildRun.FairleadAsync(
            ["manifests", "generate", "--services", $"{generated}", "--endpoints", "3", "--out", demo.Manifests],
            cancellationToken);
        string[] imports =
        [
            "checkout.shop.svc.us1.internal", "catalog.shop.svc.us1.internal",
            .. Enumerable.Range(0, generated)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"svc-{i:d5}.shop.svc.us1.internal")),
        ];

        // The first one waits until everything is sealed, and warms the disk's cache.
        await using (var first = await SidecarProcess.StartAsync(demo, imports, null, cancellationToken))
        {
            await FreshAsync(first, cancellationToken);
        }

        List<BenchRow> rows = [await MemoryAsync(demo, imports, cancellationToken)];
        var starts = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            await using var sidecar = await SidecarProcess.StartAsync(demo, imports, null, cancellationToken);
            starts.Add(sidecar.ReadyAfter.TotalMilliseconds);
        }

        var ready = new Repeated(starts);
        rows.Add(new("sidecar: start -> ready, 20 names, nothing remembered", ready.Median, "ms", 500)
        {
            Note = ready.Spread,
        });
        rows.Add(await SlowAsync(demo, imports, cancellationToken));
        return rows;
    }

    private static async Task<BenchRow> MemoryAsync(
        DemoProcess demo, string[] imports, CancellationToken cancellationToken)
    {
        await using var sidecar = await SidecarProcess.StartAsync(demo, imports, null, cancellationToken);
        await FreshAsync(sidecar, cancellationToken);
        await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
        var (anonymous, shared) = (Megabytes(sidecar.Id, "RssAnon"), Megabytes(sidecar.Id, "RssShmem"));
        return new(Memory, anonymous + shared, "MB", 35)
        {
            Note = string.Create(
                CultureInfo.InvariantCulture,
                $"anonymous {anonymous:0.0}, shared {shared:0.0}; RSS {Megabytes(sidecar.Id, "VmRSS"):0.0}"),
        };
    }

    private static async Task<BenchRow> SlowAsync(
        DemoProcess demo, string[] imports, CancellationToken cancellationToken)
    {
        var (quota, reason) = CpuQuota.TryMake();
        using (quota)
        {
            if (quota is null)
            {
                return BenchRow.Skip(Slow, "ms", 5_000, reason);
            }

            await using var sidecar = await SidecarProcess.StartAsync(demo, imports, quota, cancellationToken);
            return new(Slow, sidecar.ReadyAfter.TotalMilliseconds, "ms", 5_000) { Note = "one start" };
        }
    }

    private static async Task FreshAsync(SidecarProcess sidecar, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Patience);
        while (await sidecar.FreshAsync(bound.Token) < Names)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, bound.Token);
        }
    }

    private static double Megabytes(int process, string key) => Machine.StatusKilobytes(process, key) / 1_024.0;
}
