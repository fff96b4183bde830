using Microsoft.Data.Sqlite;

namespace Fairlead.Store.Sqlite;

/// <summary>The store's state on the disk: history, revisions, leases. Nothing here knows of locks, time or watches.
/// Not safe for concurrent use.</summary>
/// <remarks>Invariant: outside of <see cref="Begin"/> to <see cref="Commit"/> or <see cref="Rollback"/>,
/// <see cref="Revision"/> and <see cref="Compacted"/> equal what the file holds.</remarks>
internal sealed class SqliteState : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly StoreLimits _limits;
    private readonly SqliteHistory _history;
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;
    private readonly SqliteCommand _rollback;
    private readonly SqliteCommand _save;
    private string _identity = "";
    private long _order;
    private long _compactedBefore;

    public SqliteState(SqliteConnection connection, StoreLimits limits)
    {
        _connection = connection;
        _limits = limits;
        _history = new SqliteHistory(connection);
        _begin = Command("BEGIN IMMEDIATE");
        _commit = Command("COMMIT");
        _rollback = Command("ROLLBACK");
        _save = Command("UPDATE store SET revision = $revision, compacted = $compacted");
        _save.Parameters.Add(new SqliteParameter("$revision", null));
        _save.Parameters.Add(new SqliteParameter("$compacted", null));
        Load();
    }

    public long Revision { get; private set; }

    public long Compacted { get; private set; }

    /// <summary>The revision a reader inside the transaction sees: one more once the transaction has written.</summary>
    public long Writing => _order > 0 ? Revision + 1 : Revision;

    public StoreStatus Status() => new(_identity, Revision, Compacted);

    public void Begin()
    {
        _begin.ExecuteNonQuery();
        _order = 0;
        _compactedBefore = Compacted;
    }

    /// <summary>Makes the transaction durable. After an exception the state is not to be used any more, unless
    /// <see cref="Rollback"/> succeeds and <see cref="IsAsStored"/>.</summary>
    public void Commit()
    {
        if (_order > 0 || Compacted != _compactedBefore)
        {
            _save.Parameters[0].Value = Writing;
            _save.Parameters[1].Value = Compacted;
            _save.ExecuteNonQuery();
        }

        _commit.ExecuteNonQuery();
        Revision = Writing;
        _order = 0;
    }

    public void Rollback()
    {
        _order = 0;
        Compacted = _compactedBefore;
        if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
        {
            // Some I/O errors have rolled back already.
            _rollback.ExecuteNonQuery();
        }
    }

    /// <summary>Whether revision and compaction are those that the file tells now.</summary>
    public bool IsAsStored()
    {
        var (_, revision, compacted) = Stored();
        return (revision, compacted) == (Revision, Compacted);
    }

    public void CheckReadable(long revision)
    {
        if (revision > Revision)
        {
            throw StoreException.Future(revision, Revision);
        }

        if (revision != 0 && revision < Compacted)
        {
            throw StoreException.Compacted(revision, Compacted);
        }
    }

    public StoreEntry? Newest(StoreKey key) =>
        _history.One(key, long.MaxValue) is { IsDeletion: false } entry ? entry : null;

    public RangeResult Range(RangeRequest request, long newest)
    {
        var below = (request.Revision == 0 ? newest : request.Revision) + 1;
        var count = _history.Count(request.Range, below);
        if (request.CountOnly)
        {
            return new RangeResult(newest, [], false, count);
        }

        var limit = RequestRules.Limit(request, _limits);
        var (entries, more) = _history.Range(request.Range, below, limit, request.KeysOnly, _limits.RangeBytesMax);
        return new RangeResult(newest, entries, more, count);
    }

    public (IReadOnlyList<WatchBatch> Batches, long Scanned) Since(
        KeyRange range, long start, int eventsMax, long bytesMax)
    {
        if (start < Compacted)
        {
            throw StoreException.Compacted(start, Compacted);
        }

        var (batches, exhausted) = _history.Since(range, start, eventsMax, bytesMax);
        return (batches, exhausted ? Revision : batches[^1].Revision);
    }

    public OperationResult[] Apply(IReadOnlyList<Operation> operations)
    {
        // Reads at a revision are checked against the state before the transaction, whatever stands before them.
        foreach (var get in operations.OfType<Operation.Get>())
        {
            CheckReadable(get.Request.Revision);
        }

        long deleted = 0;
        var results = new OperationResult[operations.Count];
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = Apply(operations[i], ref deleted);
        }

        return results;
    }

    public void Compact(long revision)
    {
        if (revision <= Compacted)
        {
            throw StoreException.Compacted(revision, Compacted);
        }

        CheckReadable(revision);
        _history.Compact(revision);
        Compacted = revision;
    }

    public IEnumerable<(long Id, TimeSpan Ttl)> Leases()
    {
        using var command = Command("SELECT id, ttl_seconds FROM lease");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return (reader.GetInt64(0), TimeSpan.FromSeconds(reader.GetInt64(1)));
        }
    }

    public bool AddLease(long id, TimeSpan ttl)
    {
        using var command = Command("INSERT INTO lease (id, ttl_seconds) VALUES ($id, $ttl)");
        command.Parameters.AddWithValue("$id", id);
        command.Parameters.AddWithValue("$ttl", (long)ttl.TotalSeconds);
        return command.ExecuteNonQuery() == 1;
    }

    /// <summary>Deletes the lease and its keys; returns how many keys there were.</summary>
    public int RemoveLease(long id)
    {
        var keys = KeysOf(id);
        keys.ForEach(Delete);
        using var command = Command("DELETE FROM lease WHERE id = $id");
        command.Parameters.AddWithValue("$id", id);
        command.ExecuteNonQuery();
        return keys.Count;
    }

    public List<StoreKey> KeysOf(long lease) => _history.KeysOf(lease);

    public void Dispose()
    {
        foreach (var command in new[] { _begin, _commit, _rollback, _save })
        {
            command.Dispose();
        }

        _history.Dispose();
        _connection.Dispose();
    }

    private OperationResult Apply(Operation operation, ref long deleted)
    {
        switch (operation)
        {
            case Operation.Put put:
                var old = Newest(put.Key);
                var created = old?.CreateRevision ?? Revision + 1;
                Append(new StoreEntry(put.Key, put.Value, created, Revision + 1, (old?.Version ?? 0) + 1, put.Lease));
                return new OperationResult.Put();
            case Operation.Delete delete:
                var keys = LiveKeys(delete.Range, ref deleted);
                keys.ForEach(Delete);
                return new OperationResult.Delete(keys.Count);
            case Operation.Get get:
                return new OperationResult.Get(Range(get.Request, Writing));
            default:
                throw new InvalidOperationException($"unknown operation {operation.GetType().Name}");
        }
    }

    private List<StoreKey> LiveKeys(KeyRange range, ref long deleted)
    {
        var left = (int)(_limits.DeletedKeysMax - deleted);
        var (entries, more) = _history.Range(range, long.MaxValue, left, keysOnly: true, int.MaxValue);
        if (more)
        {
            throw new StoreException(
                StoreError.TooManyDeletions, $"the keys to delete exceed {_limits.DeletedKeysMax}");
        }

        deleted += entries.Count;
        return entries.ConvertAll(e => e.Key);
    }

    private void Delete(StoreKey key) => Append(new StoreEntry(key, default, 0, Revision + 1, 0, 0));

    private void Append(StoreEntry entry) => _history.Append(entry, _order++);

    private void Load() => (_identity, Revision, Compacted) = Stored();

    private (string Identity, long Revision, long Compacted) Stored()
    {
        using var command = Command("SELECT identity, revision, compacted FROM store");
        using var reader = command.ExecuteReader();
        if (!reader.Read())
        {
            throw new StoreException(StoreError.Corrupt, $"{_connection.DataSource} lacks its own status");
        }

        return (reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
}
