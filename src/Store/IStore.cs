namespace Fairlead.Store;

/// <summary>A versioned key-value store with watch, leases and compare-and-swap transactions, after etcd v3: one
/// revision counts every change of the whole store, history stays readable until it is compacted, and a watch replays
/// it without a gap. A store is memory, never authority: what it holds proves itself or is not believed.</summary>
/// <remarks>
/// Safe for concurrent use; requests take effect one after another, each between its call and its completion.
/// Every method throws <see cref="StoreException"/> with <see cref="StoreError.Unavailable"/> or
/// <see cref="StoreError.Corrupt"/> when the store behind it fails,
/// <see cref="ObjectDisposedException"/> after disposal, <see cref="ArgumentException"/> for a negative number where
/// none makes sense, and <see cref="OperationCanceledException"/> when it is cancelled before it took effect. The other
/// named errors stand with each method. Leases live on the clock that the implementation was given; those whose life
/// has ended are revoked before any later request takes effect. Rules and error cases follow etcd's API v3 reference
/// and its server's behaviour.
/// </remarks>
public interface IStore : IAsyncDisposable
{
    /// <summary>Identity, newest and compacted revision.</summary>
    ValueTask<StoreStatus> GetStatusAsync(CancellationToken cancellationToken);

    /// <summary>Reads the live keys of a range at one revision.</summary>
    /// <exception cref="StoreException"><see cref="StoreError.Compacted"/>, <see cref="StoreError.FutureRevision"/>,
    /// <see cref="StoreError.KeyTooLarge"/>.</exception>
    ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken);

    /// <summary>Runs a transaction. When it writes or deletes at least one key the revision rises by exactly one, and
    /// all its changes carry that revision. When the call returns, the changes are as durable as the implementation
    /// promises.</summary>
    /// <exception cref="StoreException"><see cref="StoreError.EmptyKey"/>, <see cref="StoreError.KeyTooLarge"/>,
    /// <see cref="StoreError.ValueTooLarge"/>, <see cref="StoreError.TooManyOperations"/>,
    /// <see cref="StoreError.RequestTooLarge"/>, <see cref="StoreError.DuplicateKey"/> for either list;
    /// <see cref="StoreError.LeaseNotFound"/>, <see cref="StoreError.TooManyDeletions"/>,
    /// <see cref="StoreError.Compacted"/>, <see cref="StoreError.FutureRevision"/> for the list that runs. Nothing is
    /// changed by a transaction that is refused.</exception>
    ValueTask<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken);

    /// <summary>Replays every change of the range from <paramref name="startRevision"/> on, then follows: one batch per
    /// revision, ascending, none left out, none twice. The start may lie in the future. The sequence ends only by an
    /// exception or by cancellation. A consumer that falls behind costs the store nothing but may be overtaken by a
    /// compaction.</summary>
    /// <param name="range">The keys to watch.</param>
    /// <param name="startRevision">The first revision wanted, at least 1: after a read, its revision plus one.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <exception cref="StoreException">While enumerating: <see cref="StoreError.Compacted"/> when the next revision
    /// wanted lies below the last compaction (at it, the watch is complete); <see cref="StoreError.KeyTooLarge"/>.
    /// </exception>
    IAsyncEnumerable<WatchBatch> WatchAsync(
        KeyRange range, long startRevision, CancellationToken cancellationToken);

    /// <summary>Forgets the versions that no read at or above <paramref name="revision"/> can see. Does not raise the
    /// store's revision.</summary>
    /// <exception cref="StoreException"><see cref="StoreError.Compacted"/> when the revision is not above the last
    /// compaction, <see cref="StoreError.FutureRevision"/>.</exception>
    ValueTask CompactAsync(long revision, CancellationToken cancellationToken);

    /// <summary>Creates a lease and returns its number. When its life ends without a keep-alive it is revoked. A
    /// restart of the store gives every lease its whole life again, as etcd does: a lease may live longer than asked,
    /// never shorter.</summary>
    /// <param name="ttl">Its life: whole seconds (a part counts as one), 1 s to the limit.</param>
    /// <param name="id">Its number, or 0 to let the store draw one.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="StoreException"><see cref="StoreError.LeaseExists"/>,
    /// <see cref="StoreError.LeaseTtlOutOfRange"/>, <see cref="StoreError.TooManyLeases"/>.</exception>
    ValueTask<long> GrantLeaseAsync(TimeSpan ttl, long id, CancellationToken cancellationToken);

    /// <summary>Starts the life of a lease anew and returns it.</summary>
    /// <exception cref="StoreException"><see cref="StoreError.LeaseNotFound"/>.</exception>
    ValueTask<TimeSpan> KeepLeaseAliveAsync(long id, CancellationToken cancellationToken);

    /// <summary>A lease, its remaining life and its keys.</summary>
    /// <exception cref="StoreException"><see cref="StoreError.LeaseNotFound"/>.</exception>
    ValueTask<LeaseStatus> GetLeaseAsync(long id, CancellationToken cancellationToken);

    /// <summary>Ends a lease and deletes its keys, ascending, in one revision (none when it has no keys).</summary>
    /// <exception cref="StoreException"><see cref="StoreError.LeaseNotFound"/>.</exception>
    ValueTask RevokeLeaseAsync(long id, CancellationToken cancellationToken);
}
