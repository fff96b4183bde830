namespace Fairlead.Store;

/// <summary>Sizes beyond which a store refuses. The defaults lie at or below those of an etcd server, so that what one
/// implementation takes all take. Immutable.</summary>
public sealed record StoreLimits
{
    /// <value>Bytes of a key; default 1,024.</value>
    public int KeyBytesMax { get; init; } = 1_024;

    /// <value>Bytes of a value; default 1 MiB.</value>
    public int ValueBytesMax { get; init; } = 1_048_576;

    /// <value>Length of each list of a transaction; default 128, etcd's <c>--max-txn-ops</c>.</value>
    public int OperationsMax { get; init; } = 128;

    /// <value>Bytes of all keys and values of a transaction; default 1.25 MiB, below etcd's
    /// <c>--max-request-bytes</c> of 1.5 MiB, which also counts the framing.</value>
    public int RequestBytesMax { get; init; } = 1_310_720;

    /// <value>Keys that the deletions of one transaction may meet; default 100,000, at most 1,000,000.</value>
    public int DeletedKeysMax { get; init; } = 100_000;

    /// <value>Entries that one read returns; default 10,000.</value>
    public int RangeEntriesMax { get; init; } = 10_000;

    /// <value>Bytes of keys and values after which one read stops, with at least one entry; default 16 MiB.</value>
    public int RangeBytesMax { get; init; } = 16_777_216;

    /// <value>Leases at one time; default 100,000.</value>
    public int LeasesMax { get; init; } = 100_000;

    /// <value>The longest life of a lease; default 365 days.</value>
    public TimeSpan LeaseTtlMax { get; init; } = TimeSpan.FromDays(365);
}
