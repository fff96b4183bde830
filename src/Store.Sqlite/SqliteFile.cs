using Microsoft.Data.Sqlite;

namespace Fairlead.Store.Sqlite;

/// <summary>Opens the database: locks it, creates or checks its format, sets how it writes. What the columns mean
/// stands in <see cref="Schema"/>.</summary>
internal static class SqliteFile
{
    /// <summary>The format this code writes. A store of another format is refused; one that is older will be migrated
    /// here, step by step, once there is an older one.</summary>
    public const int Format = 1;

    // "FLST": tells a store of ours from any other SQLite database, also for file(1).
    private const int ApplicationId = 0x464C5354;

    // id = revision << 20 | order within the revision, so that one key orders and finds the events of a watch.
    // version 0 = deletion. The second index answers "the newest version of a key at or below a revision" alone.
    private const string Schema =
        """
        CREATE TABLE store (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            identity TEXT NOT NULL, revision INTEGER NOT NULL, compacted INTEGER NOT NULL) STRICT;
        CREATE TABLE history (
            id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL,
            created INTEGER NOT NULL, version INTEGER NOT NULL, lease INTEGER NOT NULL) STRICT;
        CREATE INDEX history_by_key ON history (key, id, version);
        CREATE INDEX history_by_lease ON history (lease, id) WHERE lease <> 0;
        CREATE TABLE lease (id INTEGER PRIMARY KEY, ttl_seconds INTEGER NOT NULL) STRICT;
        """;

    public static SqliteConnection Open(SqliteStoreOptions options)
    {
        CreateFile(options.Path);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = options.Path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 1,
        }.ToString());
        try
        {
            connection.Open();
            Prepare(connection, options);
            return connection;
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw SqliteErrors.Named(exception, options.Path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // Created here and not by SQLite, so that nobody else can read it from the start; SQLite gives its side files
    // the same mode. An empty file is an empty database.
    private static void CreateFile(string path)
    {
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var file = new FileStream(path, options);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(
                StoreError.Unavailable, $"{path} cannot be opened for writing: {exception.Message}", exception);
        }
    }

    private static void Prepare(SqliteConnection connection, SqliteStoreOptions options)
    {
        // Exclusive mode keeps the lock from the first access until the connection closes: one store, one process.
        _ = Scalar(connection, "PRAGMA locking_mode = EXCLUSIVE");
        _ = Scalar(connection, "PRAGMA journal_mode = WAL");
        Execute(connection, "PRAGMA synchronous = FULL");
        Execute(connection, "PRAGMA trusted_schema = OFF");
        using var transaction = connection.BeginTransaction(deferred: false);
        var applicationId = (long)Scalar(connection, "PRAGMA application_id")!;
        var format = (long)Scalar(connection, "PRAGMA user_version")!;
        var tables = (long)Scalar(connection, "SELECT count(*) FROM sqlite_schema")!;
        if (applicationId == 0 && format == 0 && tables == 0)
        {
            Create(connection, options);
        }
        else
        {
            Check(connection, options, applicationId, format);
        }

        transaction.Commit();
    }

    private static void Create(SqliteConnection connection, SqliteStoreOptions options)
    {
        Span<byte> identity = stackalloc byte[16];
        options.FillRandom(identity);
        Execute(connection, Schema);
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO store VALUES (1, $identity, 1, 0)";
        insert.Parameters.AddWithValue("$identity", Convert.ToHexStringLower(identity));
        insert.ExecuteNonQuery();
        Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Format}");
    }

    private static void Check(SqliteConnection connection, SqliteStoreOptions options, long applicationId, long format)
    {
        if (applicationId != ApplicationId)
        {
            throw new StoreException(
                StoreError.Corrupt, $"{options.Path} is a database of another program; it is left as it is");
        }

        if (format > Format)
        {
            throw new StoreException(
                StoreError.NewerFormat,
                $"{options.Path} has format {format}, this version knows up to {Format}; start the newer version");
        }

        if (format != Format)
        {
            throw new StoreException(StoreError.Corrupt, $"{options.Path} has the unknown format {format}");
        }

        if (options.CheckOnOpen && (string)Scalar(connection, "PRAGMA quick_check(1)")! is var verdict and not "ok")
        {
            throw new StoreException(StoreError.Corrupt, $"{options.Path} is damaged: {verdict}");
        }
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
