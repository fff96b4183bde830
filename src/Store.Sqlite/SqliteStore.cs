using Microsoft.Data.Sqlite;

namespace Fairlead.Store.Sqlite;

/// <summary>The embedded store: one SQLite file that one process holds. A transaction that returned is on the disk
/// (write-ahead log, fsync at every commit) and survives a crash of the process and of the machine; one that was cut
/// off is there as a whole or not at all.</summary>
/// <remarks>Safe for concurrent use: requests run one after another, away from the caller's thread. Cancellation is
/// heeded until a request has begun; what has begun ends. A commit for which the disk has no room is undone,
/// and the next may succeed. After one that failed otherwise the store answers <see cref="StoreError.Unavailable"/>
/// until it is opened anew.</remarks>
public sealed class SqliteStore : IStore
{
    // A watch reads this much at a time, so that no follower holds the store for long.
    private const int WatchEvents = 1_000;
    private const long WatchBytes = 4 * 1_048_576;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly SqliteStoreOptions _options;
    private readonly SqliteState _state;
    private readonly LeaseTable _leases;
    private readonly LeaseTimer _timer;
    private readonly ChangeSignal _changes = new();
    private StoreException? _failure;
    private bool _disposed;

    private SqliteStore(SqliteStoreOptions options, SqliteState state)
    {
        _options = options;
        _state = state;
        _leases = new LeaseTable(options.TimeProvider);
        foreach (var (id, ttl) in state.Leases())
        {
            _leases.Start(id, ttl);
        }

        _timer = new LeaseTimer(options.TimeProvider, () => _ = RevokeEndedAsync());
        _timer.Arm(_leases.NextDue());
    }

    private delegate T Request<out T>();

    /// <summary>Opens the store, or creates it with a new identity where there is no file, an empty one or an empty
    /// database. The file gets mode 0600.</summary>
    /// <exception cref="StoreException"><see cref="StoreError.Locked"/> when another store holds the file,
    /// <see cref="StoreError.Corrupt"/> when it is damaged or of another program, <see cref="StoreError.NewerFormat"/>,
    /// <see cref="StoreError.Unavailable"/> when it cannot be opened for writing. The file is left alone.</exception>
    public static async ValueTask<SqliteStore> OpenAsync(
        SqliteStoreOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        return await Task.Run(
            () =>
            {
                // Whatever goes wrong, the next try finds the file free.
                var connection = SqliteFile.Open(options);
                try
                {
                    return new SqliteStore(options, new SqliteState(connection, options.Limits));
                }
                catch (Exception exception)
                {
                    connection.Dispose();
                    throw exception is SqliteException known ? SqliteErrors.Named(known, options.Path) : exception;
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<StoreStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        RunAsync(_state.Status, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        RunAsync(
            () =>
            {
                RequestRules.Check(request, _options.Limits);
                _state.CheckReadable(request.Revision);
                return _state.Range(request, _state.Revision);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken) =>
        RunAsync(
            () =>
            {
                RequestRules.Check(transaction, _options.Limits);
                return Write(() => Apply(transaction));
            },
            cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(
        KeyRange range, long startRevision, CancellationToken cancellationToken) =>
        WatchFeed.FollowAsync(
            range,
            startRevision,
            _options.Limits,
            _changes,
            (next, cancellation) => RunAsync(
                () => _state.Since(range, next, WatchEvents, WatchBytes), cancellation),
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(revision);
        _ = await RunAsync(
            () => Write(() =>
            {
                _state.Compact(revision);
                return true;
            }),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, long id, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return RunAsync(() => GrantLease(ttl, id), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<TimeSpan> KeepLeaseAliveAsync(long id, CancellationToken cancellationToken) =>
        RunAsync(
            () =>
            {
                var ttl = _leases.Ttl(id);
                _leases.Start(id, ttl);
                return ttl;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LeaseStatus> GetLeaseAsync(long id, CancellationToken cancellationToken) =>
        RunAsync(
            () => new LeaseStatus(id, _leases.Ttl(id), _leases.Remaining(id), _state.KeysOf(id)), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RevokeLeaseAsync(long id, CancellationToken cancellationToken) =>
        _ = await RunAsync(
            () =>
            {
                _ = _leases.Ttl(id);
                return Revoke(id);
            },
            cancellationToken).ConfigureAwait(false);

    /// <summary>Waits for the request that runs, then closes the file and gives up the lock. Waiting watches end with
    /// <see cref="ObjectDisposedException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (!_disposed)
            {
                _disposed = true;
                _timer.Dispose();
                _state.Dispose();
            }
        }
        finally
        {
            _gate.Release();
        }

        _changes.Raise();
    }

    // One request at a time, on a thread that may block on the disk; leases that have ended go first.
    private async ValueTask<T> RunAsync<T>(Request<T> request, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Guarded(request), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private T Guarded<T>(Request<T> request)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_failure is { } failure)
        {
            throw new StoreException(
                failure.Error, $"an earlier write failed ({failure.Message}); open it anew", failure)
            {
                NeedsReopening = true,
            };
        }

        try
        {
            while (_leases.FirstDue() is { } id)
            {
                Revoke(id);
            }

            return request();
        }
        catch (SqliteException exception)
        {
            throw SqliteErrors.Named(exception, _options.Path);
        }
        finally
        {
            _timer.Arm(_leases.NextDue());
        }
    }

    private T Write<T>(Func<T> change)
    {
        var before = _state.Revision;
        T result;
        _state.Begin();
        try
        {
            result = change();
        }
        catch
        {
            _state.Rollback();
            throw;
        }

        try
        {
            _state.Commit();
        }
        catch (SqliteException exception)
        {
            // What the disk holds is unknown now, and a second fsync would not say. Only a new opening finds out.
            var isUndone = SqliteErrors.IsFull(exception) && TryUndo();
            var named = SqliteErrors.Named(exception, _options.Path);
            _failure = isUndone ? null : named;
            throw named;
        }

        if (_state.Revision != before)
        {
            _changes.Raise();
        }

        return result;
    }

    private bool TryUndo()
    {
        try
        {
            _state.Rollback();
            return _state.IsAsStored();
        }
        catch (Exception exception) when (exception is SqliteException or StoreException)
        {
            return false;
        }
    }

    private TransactionResult Apply(Transaction transaction)
    {
        var succeeded = transaction.Compares.All(c => c.Holds(_state.Newest(c.Key)));
        var operations = succeeded ? transaction.Success : transaction.Failure;
        foreach (var put in operations.OfType<Operation.Put>())
        {
            if (put.Lease != 0 && !_leases.Contains(put.Lease))
            {
                throw StoreException.NoLease(put.Lease);
            }
        }

        var results = _state.Apply(operations);
        return new TransactionResult(succeeded, _state.Writing, results);
    }

    private long GrantLease(TimeSpan ttl, long id)
    {
        var life = RequestRules.CheckTtl(ttl, _options.Limits);
        if (_leases.Contains(id))
        {
            throw new StoreException(StoreError.LeaseExists, $"lease {id} exists");
        }

        if (_leases.Count >= _options.Limits.LeasesMax)
        {
            throw new StoreException(StoreError.TooManyLeases, $"{_leases.Count} leases exist");
        }

        var chosen = id == 0 ? DrawLease() : id;
        Write(() => _state.AddLease(chosen, life));
        _leases.Start(chosen, life);
        return chosen;
    }

    private long DrawLease()
    {
        Span<byte> bytes = stackalloc byte[8];
        while (true)
        {
            _options.FillRandom(bytes);
            var id = BitConverter.ToInt64(bytes) & long.MaxValue;
            if (id != 0 && !_leases.Contains(id))
            {
                return id;
            }
        }
    }

    private bool Revoke(long id)
    {
        var deleted = Write(() => _state.RemoveLease(id));
        _leases.Remove(id);
        return deleted > 0;
    }

    private async Task RevokeEndedAsync()
    {
        try
        {
            _ = await RunAsync(() => true, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is StoreException or ObjectDisposedException)
        {
            // Nobody waits for this result; the next request meets the same failure and reports it.
        }
    }
}
