using Microsoft.Data.Sqlite;

namespace Fairlead.Store.Sqlite;

/// <summary>The statements over the history, each prepared once. Not safe for concurrent use; the store's lock guards
/// it.</summary>
internal sealed class SqliteHistory : IDisposable
{
    /// <summary>Bits of an event's id below the revision.</summary>
    public const int OrderBits = 20;

    // The newest version of each key of the range below an id, in key order. $end NULL = no end.
    private const string Newest =
        """
        FROM (SELECT max(id) AS id FROM history
              WHERE key >= $start AND ($end IS NULL OR key < $end) AND id < $below GROUP BY key) newest
        JOIN history ON history.id = newest.id WHERE history.version <> 0
        """;

    private const string Columns = "SELECT history.id, key, value, created, version, lease ";

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _one;
    private readonly SqliteCommand _range;
    private readonly SqliteCommand _count;
    private readonly SqliteCommand _append;
    private readonly SqliteCommand _since;
    private readonly SqliteCommand _ofLease;
    private readonly SqliteCommand _compact;

    public SqliteHistory(SqliteConnection connection)
    {
        _connection = connection;
        _one = Command(
            Columns + "FROM history WHERE key = $key AND id < $below ORDER BY id DESC LIMIT 1",
            "$key $below");
        _range = Command(Columns + Newest + " ORDER BY key LIMIT $limit", "$start $end $below $limit");
        _count = Command("SELECT count(*) " + Newest, "$start $end $below");
        _append = Command(
            "INSERT INTO history (id, key, value, created, version, lease) "
            + "VALUES ($id, $key, $value, $created, $version, $lease)",
            "$id $key $value $created $version $lease");
        // "+key" keeps SQLite from choosing the key's index: a follower reads a few new rows, not a range's history.
        _since = Command(
            Columns + "FROM history WHERE id >= $from AND +key >= $start AND ($end IS NULL OR +key < $end) ORDER BY id",
            "$from $start $end");
        _ofLease = Command(
            "SELECT key FROM history h WHERE lease = $lease AND lease <> 0 AND NOT EXISTS "
            + "(SELECT 1 FROM history n WHERE n.key = h.key AND n.id > h.id) ORDER BY key",
            "$lease");
        // By the key's index, which holds all that is asked for: the rows are full of values that nobody needs here.
        _compact = Command(
            "DELETE FROM history INDEXED BY history_by_key WHERE id < $above AND ((version = 0 AND id < $at) OR EXISTS "
            + "(SELECT 1 FROM history n WHERE n.key = history.key AND n.id > history.id AND n.id < $above))",
            "$at $above");
    }

    /// <summary>The key's version that is newest below an id, deletions included; null without one.</summary>
    public StoreEntry? One(StoreKey key, long belowRevision)
    {
        Bind(_one, key.ToArray(), Id(belowRevision));
        using var reader = _one.ExecuteReader();
        return reader.Read() ? Entry(reader, keysOnly: false) : null;
    }

    /// <summary>The live entries of a range below a revision, cut at the limits, and whether any are left.</summary>
    public (List<StoreEntry> Entries, bool More) Range(
        KeyRange range, long belowRevision, int limit, bool keysOnly, int bytesMax)
    {
        // One row more than asked tells whether there is more.
        Bind(_range, range.Start.ToArray(), range.End?.ToArray(), Id(belowRevision), limit + 1L);
        using var reader = _range.ExecuteReader();
        var entries = new List<StoreEntry>();
        long bytes = 0;
        while (reader.Read())
        {
            if (entries.Count == limit)
            {
                return (entries, true);
            }

            var entry = Entry(reader, keysOnly);
            bytes += entry.Key.Length + entry.Value.Length;
            if (entries.Count > 0 && bytes > bytesMax)
            {
                return (entries, true);
            }

            entries.Add(entry);
        }

        return (entries, false);
    }

    /// <summary>How many keys of a range are alive below a revision.</summary>
    public long Count(KeyRange range, long belowRevision)
    {
        Bind(_count, range.Start.ToArray(), range.End?.ToArray(), Id(belowRevision));
        return (long)_count.ExecuteScalar()!;
    }

    /// <summary>Adds a version as event <paramref name="order"/> of its revision.</summary>
    public void Append(StoreEntry entry, long order)
    {
        Bind(
            _append, Id(entry.ModRevision) + order, entry.Key.ToArray(), entry.Value.ToArray(), entry.CreateRevision,
            entry.Version, entry.Lease);
        _append.ExecuteNonQuery();
    }

    /// <summary>Whole revisions from a start on, ended after the revision that reaches <paramref name="eventsMax"/>
    /// events or <paramref name="bytesMax"/> bytes; the flag says that nothing was left.</summary>
    public (List<WatchBatch> Batches, bool Exhausted) Since(KeyRange range, long start, int eventsMax, long bytesMax)
    {
        Bind(_since, Id(start), range.Start.ToArray(), range.End?.ToArray());
        using var reader = _since.ExecuteReader();
        var batches = new List<WatchBatch>();
        var current = new List<StoreEntry>();
        long events = 0;
        long bytes = 0;
        while (reader.Read())
        {
            var entry = Entry(reader, keysOnly: false);
            if (current.Count > 0 && current[0].ModRevision != entry.ModRevision)
            {
                batches.Add(new WatchBatch(current[0].ModRevision, current));
                current = [];
                if (events >= eventsMax || bytes >= bytesMax)
                {
                    return (batches, false);
                }
            }

            current.Add(entry);
            events++;
            bytes += entry.Key.Length + entry.Value.Length;
        }

        if (current.Count > 0)
        {
            batches.Add(new WatchBatch(current[0].ModRevision, current));
        }

        return (batches, true);
    }

    /// <summary>The live keys attached to a lease, ascending.</summary>
    public List<StoreKey> KeysOf(long lease)
    {
        Bind(_ofLease, lease);
        using var reader = _ofLease.ExecuteReader();
        var keys = new List<StoreKey>();
        while (reader.Read())
        {
            keys.Add(new StoreKey(reader.GetFieldValue<byte[]>(0)));
        }

        return keys;
    }

    /// <summary>Deletes what no read at or above the revision sees, but for the events of that revision.</summary>
    public void Compact(long revision)
    {
        Bind(_compact, Id(revision), Id(revision + 1));
        _compact.ExecuteNonQuery();
    }

    public void Dispose()
    {
        foreach (var command in new[] { _one, _range, _count, _append, _since, _ofLease, _compact })
        {
            command.Dispose();
        }
    }

    private static long Id(long revision) =>
        revision >= long.MaxValue >> OrderBits ? long.MaxValue : revision << OrderBits;

    private static StoreEntry Entry(SqliteDataReader reader, bool keysOnly) => new(
        new StoreKey(reader.GetFieldValue<byte[]>(1)),
        keysOnly ? default : reader.GetFieldValue<byte[]>(2),
        reader.GetInt64(3),
        reader.GetInt64(0) >> OrderBits,
        reader.GetInt64(4),
        reader.GetInt64(5));

    private static void Bind(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }
    }

    private SqliteCommand Command(string sql, string parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in parameters.Split(' '))
        {
            command.Parameters.Add(new SqliteParameter(name, null));
        }

        return command;
    }
}
