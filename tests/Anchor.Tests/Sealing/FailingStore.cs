using Fairlead.Store;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>One opening of a store, which fails with every transaction for as long as it is told to.</summary>
internal sealed class FailingStore(IStore store) : IStore
{
    private int _tries;
    private int _sinceCompaction;
    private int _closed;

    internal volatile StoreException? Failure;

    /// <summary>For so many transactions it has room, until it is compacted.</summary>
    internal int Room { get; init; } = int.MaxValue;

    internal int Tries => Volatile.Read(ref _tries);

    internal int Closed => Volatile.Read(ref _closed);

    public ValueTask<StoreStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        store.GetStatusAsync(cancellationToken);

    public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        store.RangeAsync(request, cancellationToken);

    public ValueTask<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _tries);
        if ((Failure ?? (_sinceCompaction < Room ? null : new StoreException(StoreError.Unavailable, "no space left")))
            is { } failure)
        {
            throw failure;
        }

        _sinceCompaction++;
        return store.CommitAsync(transaction, cancellationToken);
    }

    public IAsyncEnumerable<WatchBatch> WatchAsync(
        KeyRange range, long startRevision, CancellationToken cancellationToken) =>
        store.WatchAsync(range, startRevision, cancellationToken);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        _sinceCompaction = 0;
        return store.CompactAsync(revision, cancellationToken);
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
