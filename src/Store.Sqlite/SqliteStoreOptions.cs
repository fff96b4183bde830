using System.Security.Cryptography;

namespace Fairlead.Store.Sqlite;

/// <summary>What a <see cref="SqliteStore"/> is opened with. Immutable.</summary>
/// <param name="Path">The database file; its folder must exist. SQLite keeps <c>Path-wal</c> beside it.</param>
public sealed record SqliteStoreOptions(string Path)
{
    /// <value>The limits; the defaults of <see cref="StoreLimits"/>.</value>
    public StoreLimits Limits { get; init; } = new();

    /// <value>The clock of the leases; the system's by default.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <value>Fills bytes at random, for the identity of a new store and the numbers of leases; the system's generator
    /// by default.</value>
    public Action<Span<byte>> FillRandom { get; init; } = RandomNumberGenerator.Fill;

    /// <value>Let SQLite check the structure of the whole file when it is opened; default true. Costs about a second
    /// per gigabyte.</value>
    public bool CheckOnOpen { get; init; } = true;
}
