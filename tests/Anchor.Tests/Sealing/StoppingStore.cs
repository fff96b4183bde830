using Fairlead.Store;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>A store that takes so many transactions and none after them, as at a crash.</summary>
internal sealed class StoppingStore(IStore store) : IStore
{
    internal int CommitsLeft { get; set; } = int.MaxValue;

    /// <summary>Whether it says so, as one does whose file is not what it was.</summary>
    internal bool NeedsReopening { get; init; }

    public ValueTask<StoreStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        store.GetStatusAsync(cancellationToken);

    public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        store.RangeAsync(request, cancellationToken);

    public ValueTask<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken) =>
        --CommitsLeft >= 0
            ? store.CommitAsync(transaction, cancellationToken)
            : throw new StoreException(StoreError.Unavailable, "stopped") { NeedsReopening = NeedsReopening };

    public IAsyncEnumerable<WatchBatch> WatchAsync(
        KeyRange range, long startRevision, CancellationToken cancellationToken) =>
        store.WatchAsync(range, startRevision, cancellationToken);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) =>
        store.CompactAsync(revision, cancellationToken);

    public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, long id, CancellationToken cancellationToken) =>
        store.GrantLeaseAsync(ttl, id, cancellationToken);

    public ValueTask<TimeSpan> KeepLeaseAliveAsync(long id, CancellationToken cancellationToken) =>
        store.KeepLeaseAliveAsync(id, cancellationToken);

    public ValueTask<LeaseStatus> GetLeaseAsync(long id, CancellationToken cancellationToken) =>
        store.GetLeaseAsync(id, cancellationToken);

    public ValueTask RevokeLeaseAsync(long id, CancellationToken cancellationToken) =>
        store.RevokeLeaseAsync(id, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
