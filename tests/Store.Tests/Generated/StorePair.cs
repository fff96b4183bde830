using System.Globalization;
using System.Text;
using Fairlead.Store.Memory;
using Fairlead.Store.Sqlite;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Store.Tests.Generated;

/// <summary>The reference and SQLite side by side, each on its own clock: every request goes to both, and both must say
/// the same.</summary>
internal sealed class StorePair(string path, CancellationToken token) : IAsyncDisposable
{
    private readonly ManualTimeProvider _modelTime = new();
    private readonly ManualTimeProvider _storeTime = new();
    private MemoryStore _model = null!;
    private SqliteStore _store = null!;

    public IStore Model => _model;

    public async Task OpenAsync()
    {
        _model = new MemoryStore(_modelTime);
        _store = await OpenStoreAsync();
    }

    /// <summary>Runs a request on both and returns the revision bounds afterwards.</summary>
    public async Task<StoreStatus> StepAsync(string what, Func<IStore, Task<string>> request)
    {
        var expected = await OutcomeAsync(_model, request);
        var actual = await OutcomeAsync(_store, request);
        Assert.True(expected == actual, $"{what}\nmodel: {expected}\nstore: {actual}");
        var status = await _model.GetStatusAsync(token);
        Assert.Equal(status with { Identity = "" }, await _store.GetStatusAsync(token) with { Identity = "" });
        return status;
    }

    public void Advance(TimeSpan by)
    {
        _modelTime.Advance(by);
        _storeTime.Advance(by);
    }

    /// <summary>Closes the file and opens it again. Leases start anew there, so the model's do too.</summary>
    public async Task ReopenAsync(IEnumerable<long> leases)
    {
        await _store.DisposeAsync();
        _store = await OpenStoreAsync();
        foreach (var lease in leases)
        {
            await OutcomeAsync(_model, async s => $"{await s.KeepLeaseAliveAsync(lease, token)}");
        }
    }

    public async Task CompareAllAsync()
    {
        var status = await StepAsync("final state", s => LiveAsync(s, token));
        await CompareWatchAsync(KeyRange.All, Math.Max(1, status.CompactedRevision));
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _model.DisposeAsync();
    }

    /// <summary>Both replay a range from a revision: as many batches as the reference has at once, all the same.
    /// </summary>
    public async Task CompareWatchAsync(KeyRange range, long start)
    {
        var count = int.MaxValue;
        await StepAsync($"watch {range} from {start}", async store =>
        {
            var events = await EventsAsync(store, range, start, count);
            count = events.Count;
            return string.Join('\n', events);
        });
    }

    /// <summary>What is alive at the newest revision.</summary>
    public static async Task<string> LiveAsync(IStore store, CancellationToken token) =>
        Show(await store.RangeAsync(new(KeyRange.All), token));

    public static string Show(RangeResult r) =>
        $"r{r.Revision} n{r.Count} more={r.More} [{string.Join("; ", r.Entries.Select(Show))}]";

    public static string Show(TransactionResult r) =>
        $"{r.Succeeded} r{r.Revision} " + string.Join(" | ", r.Results.Select(o => o switch
        {
            OperationResult.Get get => Show(get.Result),
            OperationResult.Delete delete => $"deleted {delete.Count}",
            _ => "put",
        }));

    private static string Show(StoreEntry e) => string.Create(
        CultureInfo.InvariantCulture,
        $"{e.Key}={Encoding.UTF8.GetString(e.Value.Span)} {e.CreateRevision}.{e.ModRevision}.{e.Version}.{e.Lease}");

    private static async Task<string> OutcomeAsync(IStore store, Func<IStore, Task<string>> request)
    {
        try
        {
            return await request(store);
        }
        catch (StoreException refused)
        {
            return $"refused: {refused.Error} {refused.CompactedRevision}";
        }
    }

    // The reference answers at once: a step of its watch that is not complete means that it has no more.
    private async Task<List<string>> EventsAsync(IStore store, KeyRange range, long start, int count)
    {
        var into = new List<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        var watch = store.WatchAsync(range, start, stop.Token).GetAsyncEnumerator(token);
        while (into.Count < count)
        {
            var next = watch.MoveNextAsync().AsTask();
            if (store == _model && !next.IsCompleted)
            {
                await stop.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
                break;
            }

            await next.WaitAsync(TimeSpan.FromMinutes(2), token);
            into.Add($"{watch.Current.Revision}: {string.Join("; ", watch.Current.Events.Select(Show))}");
        }

        await watch.DisposeAsync();
        return into;
    }

    private async Task<SqliteStore> OpenStoreAsync() => await SqliteStore.OpenAsync(
        new SqliteStoreOptions(path) { TimeProvider = _storeTime, CheckOnOpen = true }, token);
}
