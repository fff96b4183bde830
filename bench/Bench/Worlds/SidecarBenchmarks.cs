using System.Globalization;

namespace Fairlead.Bench;

/// <summary>A real sidecar: its memory by how many names it imports, and how soon it is ready with twenty.</summary>
internal static class SidecarBenchmarks
{
    private const int Names = 20;
    private const int Starts = 5;

    // Anchors that have just started compile what a question needs; the first sidecars would wait for that.
    private const int StartsBefore = 10;
    private const double MemoryMost = 35;
    private const string Slow = "sidecar: start -> ready at 0.1 CPU";
    private static readonly int[] More = [200, 2_000];
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static IReadOnlyList<Benchmark> All { get; } = [new("sidecar", RunAsync), new("names", ManyAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        await using var demo = await DemoProcess.StartAsync(cancellationToken);
        var imports = await ExportAsync(demo, Names, cancellationToken);
        var first = await MemoryAsync(demo, imports, cancellationToken);
        List<BenchRow> rows =
        [
            new(MemoryAt(Names), first.Total, "MB", MemoryMost) { Note = first.Parts },
        ];
        var starts = new List<double>();
        for (var i = -StartsBefore; i < Starts; i++)
        {
            await using var sidecar = await SidecarProcess.StartAsync(demo, imports, null, cancellationToken);
            starts.Add(sidecar.ReadyAfter.TotalMilliseconds);
        }

        var ready = new Repeated(starts[StartsBefore..]);
        rows.Add(new("sidecar: start -> ready, 20 names, nothing remembered", ready.Median, "ms", 500)
        {
            Note = ready.Spread,
        });
        rows.AddRange(await FirstAsync(demo, imports, cancellationToken));
        rows.Add(await SlowAsync(demo, imports, cancellationToken));
        return rows;
    }

    private static async Task<IReadOnlyList<BenchRow>> FirstAsync(
        DemoProcess demo, string[] imports, CancellationToken cancellationToken)
    {
        using var folder = new ScratchFolder();
        var (cold, warm) = (new List<double>(), new List<double>());
        for (var i = 0; i < Starts; i++)
        {
            // The second start finds what the first one remembered.
            var state = folder.File(string.Create(CultureInfo.InvariantCulture, $"state-{i}"));
            cold.Add(await FirstEndpoints.MillisecondsAsync(demo, imports, state, cancellationToken));
            await SidecarProcess.RememberAsync(demo, imports, state, cancellationToken);
            warm.Add(await FirstEndpoints.MillisecondsAsync(demo, imports, state, cancellationToken));
        }

        return [First("nothing remembered", new(cold)), First("20 names remembered", new(warm))];
    }

    private static BenchRow First(string how, Repeated times) =>
        new($"sidecar: start -> first endpoints by EDS, {how}", times.Median, "ms") { Note = times.Spread };

    // By the numbers of a cluster: seals that live 15 s have every name verified by every party many times a minute,
    // which is the demo's doing and not what a pod of many names lives in.
    private static async Task<IReadOnlyList<BenchRow>> ManyAsync(CancellationToken cancellationToken)
    {
        await using var demo = await DemoProcess.StartAsync(cancellationToken, "--policy", "default");
        var few = await MemoryAsync(demo, await ExportAsync(demo, Names, cancellationToken), cancellationToken);
        List<BenchRow> rows = [];
        foreach (var names in More)
        {
            var many = await MemoryAsync(demo, await ExportAsync(demo, names, cancellationToken), cancellationToken);
            var each = (many.Total - few.Total) * 1_024 / (names - Names);
            rows.Add(new(MemoryAt(names), many.Total, "MB")
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"{each:0.0} kB a name more; {many.Parts}"),
            });
        }

        return rows;
    }

    private static string MemoryAt(int names) =>
        string.Create(CultureInfo.InvariantCulture, $"sidecar: RssAnon + RssShmem at {names} names");

    // Has us1 export so many names; returns once a sidecar held them all, which also warms the disk's cache.
    private static async Task<string[]> ExportAsync(DemoProcess demo, int names, CancellationToken cancellationToken)
    {
        var imports = await demo.ExportAsync(names, cancellationToken);
        await using var first = await SidecarProcess.StartAsync(demo, imports, null, cancellationToken);
        await FreshAsync(first, names, cancellationToken);
        return imports;
    }

    private static async Task<(double Total, string Parts)> MemoryAsync(
        DemoProcess demo, string[] imports, CancellationToken cancellationToken)
    {
        await using var sidecar = await SidecarProcess.StartAsync(demo, imports, null, cancellationToken);
        await FreshAsync(sidecar, imports.Length, cancellationToken);
        await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
        var (anonymous, shared) = (Megabytes(sidecar.Id, "RssAnon"), Megabytes(sidecar.Id, "RssShmem"));
        var parts = string.Create(
            CultureInfo.InvariantCulture,
            $"anonymous {anonymous:0.0}, shared {shared:0.0}; RSS {Megabytes(sidecar.Id, "VmRSS"):0.0}");
        return (anonymous + shared, parts);
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

    // The page of many names is a large one: it is asked for seldom, so that what it costs is not what is measured.
    private static async Task FreshAsync(SidecarProcess sidecar, int names, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Patience);
        while (await sidecar.FreshAsync(bound.Token) < names)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Max(100, names)), TimeProvider.System, bound.Token);
        }
    }

    private static double Megabytes(int process, string key) => Machine.StatusKilobytes(process, key) / 1_024.0;
}
