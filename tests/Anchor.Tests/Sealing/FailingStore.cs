using Fairlead.Store;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>One opening of a store, which fails with every transaction for as long as it is told to.</summary>
internal sealed class FailingStore(IStore store) : IStore
{
    private int _tries;
    private int _versions;
    private int _closed;

    internal volatile StoreException? Failure;

    /// <summary>For so many versions of keys it has room; those that are live stay when it is compacted. What deletes
    /// keys needs none.</summary>
    internal volatile int Room = int.MaxValue;

    internal int Tries => Volatile.Read(ref _tries);

    internal int Closed => Volatile.Read(ref _closed);

    public ValueTask<StoreStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        store.GetStatusAsync(cancellationToken);

    public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        store.RangeAsync(request, cancellationToken);

    public ValueTask<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _tries);
        var puts = transaction.Success.Count(operation => operation is Operation.Put);
        var isFull = puts > 0 && _versions + puts > Room;
        if ((Failure ?? (isFull ? new StoreException(StoreError.Unavailable, "no space left") : null)) is { } failure)
        {
            throw failure;
        }

        _versions += puts;
        return store.CommitAsync(transaction, cancellationToken);
    }

    public IAsyncEnumerable<WatchBatch> WatchAsync(
        KeyRange range, long startRevision, CancellationToken cancellationToken) =>
        store.WatchAsync(range, startRevision, cancellationToken);

    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        await store.CompactAsync(revision, cancellationToken);
        var live = await store.RangeAsync(new RangeRequest(KeyRange.All) { CountOnly = true }, cancellationToken);
        _versions = (int)live.Count;
    }

    public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, long id, CancellationToken cancellationToken) =>
        store.GrantLeaseAsync(ttl, id, cancellationToken);

    public ValueTask<TimeSpan> KeepLeaseAliveAsync(long id, CancellationToken cancellationToken) =>
        store.KeepLeaseAliveAsync(id, cancellationToken);

    public ValueTask<LeaseStatus> GetLeaseAsync(long id, CancellationToken cancellationToken) =>
        store.GetLeaseAsync(id, cancellationToken);

    public ValueTask RevokeLeaseAsync(long id, CancellationToken cancellationToken) =>
        store.RevokeLeaseAsync(id, cancellationToken);

    public ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _closed);
        return ValueTask.CompletedTask; // What it is an opening of is the test's.
    }
}
