using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Fairlead.Store.Sqlite;

/// <summary>Turns SQLite's result codes into the named errors of the contract.</summary>
internal static class SqliteErrors
{
    /// <summary>Whether the disk had no room for what was to be written. Of a commit nothing holds then: SQLite gives
    /// this answer for a write that was cut short, and the frame that makes a transaction durable is the last to be
    /// written (a failed fsync is another error).</summary>
    public static bool IsFull(SqliteException exception) => exception.SqliteErrorCode == raw.SQLITE_FULL;

    public static StoreException Named(SqliteException exception, string path)
    {
        var (error, detail) = exception.SqliteErrorCode switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED =>
                (StoreError.Locked, $"{path} is held by another process; stop it or give this one another folder"),
            raw.SQLITE_CORRUPT =>
                (StoreError.Corrupt, $"{path} is damaged; restore it or move it away and start with an empty one"),
            raw.SQLITE_NOTADB =>
                (StoreError.Corrupt, $"{path} is not a database; another file of that name is in the way"),
            raw.SQLITE_FULL => (StoreError.Unavailable, $"no space left for {path}"),
            raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH or raw.SQLITE_CANTOPEN =>
                (StoreError.Unavailable, $"{path} or its folder cannot be opened for writing"),
            _ => (StoreError.Unavailable, $"{path}: SQLite error {exception.SqliteExtendedErrorCode}"),
        };
        return new StoreException(error, detail, exception);
    }
}
