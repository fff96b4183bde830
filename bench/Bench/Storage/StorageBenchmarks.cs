using Fairlead.Anchor.Journal;
using Fairlead.Resolver.State;
using Fairlead.Store;
using Fairlead.Store.Sqlite;

namespace Fairlead.Bench;

/// <summary>What durability costs on this disk: the bare sync, the journal, the store, the state file. Nothing else's
/// latency can be judged without the first.</summary>
internal static class StorageBenchmarks
{
    private const int Warm = 50;
    private const int Count = 2_000;

    // A vote or a small proposal; a record's document.
    private const int BodyBytes = 600;
    private const int ValueBytes = 1_000;

    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new("disk", Disk),
        new("journal", Journal),
        new("store", StoreAsync),
        new("state", State),
    ];

    private static Task<IReadOnlyList<BenchRow>> Disk(CancellationToken cancellationToken)
    {
        using var folder = new ScratchFolder();
        using var file = File.OpenHandle(folder.File("sync"), FileMode.Create, FileAccess.ReadWrite);
        RandomAccess.Write(file, new byte[4 * 1_048_576], 0);
        RandomAccess.FlushToDisk(file);
        var block = new byte[BodyBytes];
        long at = 0;
        var data = Time(
            () =>
            {
                RandomAccess.Write(file, block, at += BodyBytes);
                DiskSync.SyncData(file);
            },
            Count,
            cancellationToken);
        at = 0;
        var full = Time(
            () =>
            {
                RandomAccess.Write(file, block, at += BodyBytes);
                RandomAccess.FlushToDisk(file);
            },
            Count,
            cancellationToken);
        return Done([
            .. data.Rows($"disk: write {BodyBytes} B in place + fdatasync"),
            .. full.Rows($"disk: write {BodyBytes} B in place + fsync"),
        ]);
    }

    private static Task<IReadOnlyList<BenchRow>> Journal(CancellationToken cancellationToken)
    {
        using var folder = new ScratchFolder();
        var options = new JournalOptions(folder.Path, new string('b', 64), new string('a', 64));
        using var journal = JournalFile.Create(options, 0, 0, new string('0', 64));
        var body = new byte[BodyBytes];
        body.AsSpan().Fill(7);
        var append = Time(() => journal.Append(body), Count, cancellationToken);
        return Done([.. append.Rows($"journal: append {BodyBytes} B, durable")]);
    }

    private static async Task<IReadOnlyList<BenchRow>> StoreAsync(CancellationToken cancellationToken)
    {
        using var folder = new ScratchFolder();
        await using var store = await SqliteStore.OpenAsync(
            new SqliteStoreOptions(folder.File("store.db")), cancellationToken);
        var value = new byte[ValueBytes];
        var put = new Latencies(Count);
        var get = new Latencies(Count);
        for (var i = -Warm; i < Count; i++)
        {
            var key = StoreKey.FromText($"s/segment/changes/1/{i + Warm}");
            var into = i < 0 ? new Latencies(1) : put;
            await into.MeasureAsync(() => store.PutAsync(key, value, cancellationToken).AsTask());
            into = i < 0 ? new Latencies(1) : get;
            await into.MeasureAsync(() => store.GetAsync(key, cancellationToken).AsTask());
        }

        return
        [
            .. put.Rows($"store (SQLite): put {ValueBytes} B, durable"),
            .. get.Rows($"store (SQLite): get {ValueBytes} B"),
        ];
    }

    private static Task<IReadOnlyList<BenchRow>> State(CancellationToken cancellationToken)
    {
        using var folder = new ScratchFolder();
        var file = new DurableFile(folder.File("state.json"));
        var content = new byte[16_384];
        var save = Time(() => file.Save(content), Count / 10, cancellationToken);
        return Done([.. save.Rows($"verifier state: replace {content.Length} B, durable")]);
    }

    private static Latencies Time(Action operation, int count, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Warm; i++)
        {
            operation();
        }

        var latencies = new Latencies(count);
        for (var i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            latencies.Measure(operation);
        }

        return latencies;
    }

    private static Task<IReadOnlyList<BenchRow>> Done(IReadOnlyList<BenchRow> rows) => Task.FromResult(rows);
}
