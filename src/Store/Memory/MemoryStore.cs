using System.Security.Cryptography;

namespace Fairlead.Store.Memory;

/// <summary>The reference store: the contract in its plainest form, for tests, simulations and as the model that other
/// implementations are compared with. Holds everything in memory and loses it on disposal.</summary>
/// <remarks>Safe for concurrent use: one lock around every request.</remarks>
public sealed class MemoryStore : IStore
{
    private readonly Lock _gate = new();
    private readonly MemoryHistory _history = new();
    private readonly StoreLimits _limits;
    private readonly LeaseTable _leases;
    private readonly LeaseTimer _timer;
    private readonly ChangeSignal _changes = new();
    private readonly Action<Span<byte>> _fillRandom;
    private readonly string _identity;
    private bool _disposed;

    /// <summary>An empty store.</summary>
    /// <param name="time">The clock of the leases.</param>
    /// <param name="limits">The limits; null takes the defaults.</param>
    /// <param name="fillRandom">Fills bytes at random, for the identity and the numbers of leases; null takes the
    /// system's generator.</param>
    public MemoryStore(TimeProvider time, StoreLimits? limits = null, Action<Span<byte>>? fillRandom = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        _limits = limits ?? new StoreLimits();
        _fillRandom = fillRandom ?? RandomNumberGenerator.Fill;
        _leases = new LeaseTable(time);
        Span<byte> identity = stackalloc byte[16];
        _fillRandom(identity);
        _identity = Convert.ToHexStringLower(identity);
        _timer = new LeaseTimer(time, OnLeaseDue);
    }

    /// <inheritdoc/>
    public ValueTask<StoreStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        Run(() => new StoreStatus(_identity, _history.Revision, _history.Compacted), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                RequestRules.Check(request, _limits);
                _history.CheckReadable(request.Revision);
                return _history.Range(request, _history.Revision, _limits);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken) =>
        Run(() => Commit(transaction), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(
        KeyRange range, long startRevision, CancellationToken cancellationToken) =>
        WatchFeed.FollowAsync(
            range,
            startRevision,
            _limits,
            _changes,
            (next, cancellation) => Run(() => _history.Since(range, next), cancellation),
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(revision);
        _ = await Run(
            () =>
            {
                _history.Compact(revision);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, long id, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return Run(() => GrantLease(ttl, id), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<TimeSpan> KeepLeaseAliveAsync(long id, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                var ttl = _leases.Ttl(id);
                _leases.Start(id, ttl);
                return ttl;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LeaseStatus> GetLeaseAsync(long id, CancellationToken cancellationToken) =>
        Run(
            () => new LeaseStatus(id, _leases.Ttl(id), _leases.Remaining(id), _history.KeysOf(id)),
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RevokeLeaseAsync(long id, CancellationToken cancellationToken) =>
        _ = await Run(
            () =>
            {
                _ = _leases.Ttl(id);
                Revoke(id);
                return true;
            },
            cancellationToken).ConfigureAwait(false);

    /// <summary>Ends the store; waiting watches end with <see cref="ObjectDisposedException"/>.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            _timer.Dispose();
        }

        _changes.Raise();
        return ValueTask.CompletedTask;
    }

    private ValueTask<T> Run<T>(Func<T> work, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                RevokeEnded();
                var result = work();
                _timer.Arm(_leases.NextDue());
                return ValueTask.FromResult(result);
            }
        }
        catch (OperationCanceledException canceled)
        {
            return ValueTask.FromCanceled<T>(canceled.CancellationToken);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<T>(exception);
        }
    }

    private TransactionResult Commit(Transaction transaction)
    {
        RequestRules.Check(transaction, _limits);
        var succeeded = transaction.Compares.All(c => c.Holds(_history.Newest(c.Key)));
        var operations = succeeded ? transaction.Success : transaction.Failure;
        CheckState(operations);
        var before = _history.Revision;
        var results = operations.Select(Apply).ToArray();
        _history.Seal();
        if (_history.Revision != before)
        {
            _changes.Raise();
        }

        return new TransactionResult(succeeded, _history.Revision, results);
    }

    // All checks come before the first write, so that a refused transaction changes nothing.
    private void CheckState(IReadOnlyList<Operation> operations)
    {
        foreach (var put in operations.OfType<Operation.Put>())
        {
            if (put.Lease != 0 && !_leases.Contains(put.Lease))
            {
                throw StoreException.NoLease(put.Lease);
            }
        }

        foreach (var get in operations.OfType<Operation.Get>())
        {
            _history.CheckReadable(get.Request.Revision);
        }

        var deletions = new HashSet<StoreKey>();
        foreach (var delete in operations.OfType<Operation.Delete>())
        {
            deletions.UnionWith(_history.LiveKeys(delete.Range));
        }

        if (deletions.Count > _limits.DeletedKeysMax)
        {
            throw new StoreException(
                StoreError.TooManyDeletions, $"{deletions.Count} keys to delete exceed {_limits.DeletedKeysMax}");
        }
    }

    private OperationResult Apply(Operation operation)
    {
        switch (operation)
        {
            case Operation.Put put:
                _history.Put(put.Key, put.Value.ToArray(), put.Lease);
                return new OperationResult.Put();
            case Operation.Delete delete:
                return new OperationResult.Delete(_history.Delete(_history.LiveKeys(delete.Range)));
            case Operation.Get get:
                return new OperationResult.Get(_history.Range(get.Request, _history.Writing, _limits));
            default:
                throw new InvalidOperationException($"unknown operation {operation.GetType().Name}");
        }
    }

    private long GrantLease(TimeSpan ttl, long id)
    {
        var life = RequestRules.CheckTtl(ttl, _limits);
        if (_leases.Contains(id))
        {
            throw new StoreException(StoreError.LeaseExists, $"lease {id} exists");
        }

        if (_leases.Count >= _limits.LeasesMax)
        {
            throw new StoreException(StoreError.TooManyLeases, $"{_leases.Count} leases exist");
        }

        Span<byte> bytes = stackalloc byte[8];
        while (id == 0 || _leases.Contains(id))
        {
            _fillRandom(bytes);
            id = BitConverter.ToInt64(bytes) & long.MaxValue;
        }

        _leases.Start(id, life);
        return id;
    }

    private void Revoke(long id)
    {
        _leases.Remove(id);
        if (_history.Delete(_history.KeysOf(id)) > 0)
        {
            _history.Seal();
            _changes.Raise();
        }
    }

    private void RevokeEnded()
    {
        while (_leases.FirstDue() is { } id)
        {
            Revoke(id);
        }
    }

    private void OnLeaseDue()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                RevokeEnded();
                _timer.Arm(_leases.NextDue());
            }
        }
    }
}
