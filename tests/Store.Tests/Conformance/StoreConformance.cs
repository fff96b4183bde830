using System.Text;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Store.Tests.Conformance;

/// <summary>What every store must do, by the contract of <see cref="IStore"/>. Each implementation derives from this
/// class and runs all of it.</summary>
public abstract partial class StoreConformance : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    protected IStore Store { get; private set; } = null!;

    protected ManualTimeProvider Time { get; } = new();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected abstract ValueTask<IStore> OpenAsync(StoreLimits limits);

    public async ValueTask InitializeAsync() => Store = await OpenAsync(new StoreLimits());

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task ReopenWithAsync(StoreLimits limits)
    {
        await Store.DisposeAsync();
        Store = await OpenAsync(limits);
    }

    protected static StoreKey K(string text) => StoreKey.FromText(text);

    protected static ReadOnlyMemory<byte> V(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(StoreEntry entry) =>
        $"{entry.Key}={Encoding.UTF8.GetString(entry.Value.Span)} "
        + $"c{entry.CreateRevision} m{entry.ModRevision} v{entry.Version} l{entry.Lease}";

    protected static string Text(WatchBatch batch) =>
        $"{batch.Revision}: " + string.Join("; ", batch.Events.Select(
            e => e.IsDeletion ? $"del {e.Key}" : $"put {e.Key}={Encoding.UTF8.GetString(e.Value.Span)}"));

    protected ValueTask<long> Put(string key, string value) => Store.PutAsync(K(key), V(value), Token);

    protected ValueTask<long> Delete(string key) => Store.DeleteAsync(KeyRange.Single(K(key)), Token);

    protected ValueTask<TransactionResult> Do(params Operation[] operations) =>
        Store.CommitAsync(new Transaction { Success = operations }, Token);

    protected async Task<string[]> Keys(RangeRequest request) =>
        [.. (await Store.RangeAsync(request, Token)).Entries.Select(e => e.Key.ToString())];

    protected async Task<string?> Get(string key) =>
        await Store.GetAsync(K(key), Token) is { } entry ? Text(entry) : null;

    protected async Task<long> Revision() => (await Store.GetStatusAsync(Token)).Revision;

    protected static async Task<StoreException> Refused(StoreError error, Func<Task> request)
    {
        var exception = await Assert.ThrowsAsync<StoreException>(request);
        Assert.Equal(error, exception.Error);
        return exception;
    }

    protected IAsyncEnumerator<WatchBatch> Watch(KeyRange range, long start) =>
        Store.WatchAsync(range, start, Token).GetAsyncEnumerator(Token);

    protected static async Task<string> Next(IAsyncEnumerator<WatchBatch> watch)
    {
        Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Bound, Token));
        return Text(watch.Current);
    }
}
