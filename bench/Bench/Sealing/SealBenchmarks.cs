using System.Globalization;
using Fairlead.Governance;

namespace Fairlead.Bench;

/// <summary>What one change costs an anchor of a small and of a large segment: real engines, keys and
/// signatures.</summary>
internal static class SealBenchmarks
{
    private const int Anchors = 4;
    private const int Warm = 100;
    private const int Changes = 60;
    private const int Page = 500;
    private const double CpuMost = 5;
    private const double RecordBytesMost = 1_500;

    private static readonly int[] Sizes = [1_000, 10_000, 100_000];

    public static IReadOnlyList<Benchmark> All { get; } = [new("seal", RunAsync)];

    private static Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        var measured = new List<Measured>();
        foreach (var size in Sizes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            measured.Add(Measure(size));
        }

        return Task.FromResult<IReadOnlyList<BenchRow>>([.. Rows(measured)]);
    }

    /// <summary>One size: CPU and allocation of the busiest anchor for one change, and the memory of a
    /// record.</summary>
    public static Measured Measure(int size)
    {
        var records = new ManyRecords(size);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var engines = new List<SealEngine> { records.Engine(0) };
        var memory = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)size;
        engines.AddRange(Enumerable.Range(1, Anchors - 1).Select(records.Engine));
        var bus = new SealBus(engines, records.Anchors, records.Now);
        bus.RunUntil(() => engines.All(engine => engine.Newest is not null));
        var (leader, follower, allocated) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = -Warm; i < Changes; i++)
        {
            var (cpu, bytes) = Change(records, bus, engines, (i + Warm) * size / (Warm + Changes));
            if (i >= 0)
            {
                leader.Add(cpu.Max() / 1_000);
                follower.Add(cpu.Min() / 1_000);
                allocated.Add(bytes.Max());
            }
        }

        return new Measured(
            size, new Repeated(leader), new Repeated(follower), new Repeated(allocated), memory, records.DocumentBytes,
            PageMicroseconds(engines[0].Newest!.State));
    }

    private static (double[] Cpu, long[] Bytes) Change(
        ManyRecords records, SealBus bus, List<SealEngine> engines, int number)
    {
        var slot = engines.Max(engine => engine.Newest!.Seal.Seq);
        bus.Advance(20);
        var change = records.Change(number, bus.Now);
        Array.Clear(bus.CpuMicroseconds);
        Array.Clear(bus.AllocatedBytes);
        bus.Publish(1, change);
        bus.RunUntil(() => engines.All(engine => engine.Newest!.Seal.Seq > slot));
        return ([.. bus.CpuMicroseconds], [.. bus.AllocatedBytes]);
    }

    // The last page of a listing: behind nine tenths of the names.
    private static double PageMicroseconds(LeafState state)
    {
        var page = Math.Min(Page, state.EntryCount / 2);
        var after = state.Entries.ElementAt(state.EntryCount - page - 1).Name;
        return Repeated.Of(9, () =>
        {
            var start = Machine.ThreadMicroseconds();
            var count = state.Page(after, page).Count;
            return count == page
                ? Machine.ThreadMicroseconds() - start
                : throw new InvalidOperationException($"a page of {count}");
        }).Median;
    }

    private static IEnumerable<BenchRow> Rows(IReadOnlyList<Measured> sizes)
    {
        var small = sizes[0];
        foreach (var size in sizes)
        {
            var most = size == sizes[^1] ? CpuMost : (double?)null;
            var note = string.Create(
                CultureInfo.InvariantCulture,
                $"follower {size.Follower.Median:0.##} ms; {size.Leader.Median / small.Leader.Median:0.00} x of 1,000;"
                + $" {size.Leader.Spread}");
            var name = $"seal: one change, busiest anchor, CPU at {size.Records} records";
            yield return new(name, size.Leader.Median, "ms", most) { Note = note };
        }

        var large = sizes[^1];
        var allocated = large.Allocated.Median;
        yield return new($"seal: one change, allocated at {large.Records} records", allocated / 1_024, "kB")
        {
            Note = string.Create(CultureInfo.InvariantCulture, $"{allocated / small.Allocated.Median:0.00} x of 1,000"),
        };
        yield return new("seal: memory per record over its bytes", large.Memory, "B", RecordBytesMost)
        {
            Note = string.Create(
                CultureInfo.InvariantCulture, $"at {large.Records} records of {large.DocumentBytes:0} B"),
        };
        var page = large.PageMicroseconds;
        yield return new($"seal: last page of {Page} of a listing, CPU at {large.Records}", page, "us")
        {
            Note = string.Create(CultureInfo.InvariantCulture, $"{page / small.PageMicroseconds:0.0} x of 1,000"),
        };
    }

    /// <summary>CPU in ms, allocation in bytes, both of the anchor that had most; memory in bytes per record.</summary>
    internal sealed record Measured(
        int Records,
        Repeated Leader,
        Repeated Follower,
        Repeated Allocated,
        double Memory,
        double DocumentBytes,
        double PageMicroseconds);
}
