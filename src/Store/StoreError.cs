namespace Fairlead.Store;

/// <summary>Why a store refused a request. A refused request changes nothing.</summary>
public enum StoreError
{
    /// <summary>The revision lies below the last compaction. Read the newest state and watch from there.</summary>
    Compacted,

    /// <summary>The revision lies above the newest.</summary>
    FutureRevision,

    /// <summary>A key to be written or compared is empty.</summary>
    EmptyKey,

    /// <summary>A key exceeds <see cref="StoreLimits.KeyBytesMax"/>.</summary>
    KeyTooLarge,

    /// <summary>A value exceeds <see cref="StoreLimits.ValueBytesMax"/>.</summary>
    ValueTooLarge,

    /// <summary>A list of a transaction exceeds <see cref="StoreLimits.OperationsMax"/>.</summary>
    TooManyOperations,

    /// <summary>The deletions of a transaction exceed <see cref="StoreLimits.DeletedKeysMax"/>.</summary>
    TooManyDeletions,

    /// <summary>A transaction's keys and values exceed <see cref="StoreLimits.RequestBytesMax"/>.</summary>
    RequestTooLarge,

    /// <summary>One list of a transaction writes a key twice, or writes and deletes it.</summary>
    DuplicateKey,

    /// <summary>The lease does not exist, or its life has ended.</summary>
    LeaseNotFound,

    /// <summary>A lease of that number exists.</summary>
    LeaseExists,

    /// <summary>A lease's life is below 1 s or above <see cref="StoreLimits.LeaseTtlMax"/>.</summary>
    LeaseTtlOutOfRange,

    /// <summary>There are <see cref="StoreLimits.LeasesMax"/> leases already.</summary>
    TooManyLeases,

    /// <summary>Another process, or another opening in this one, holds the store.</summary>
    Locked,

    /// <summary>What is stored is damaged, or is not a store of this product.</summary>
    Corrupt,

    /// <summary>The store was written by a newer version of this product.</summary>
    NewerFormat,

    /// <summary>The store cannot be reached or cannot write. Whether a transaction that ends with this error was
    /// applied is not known: read before trying again.</summary>
    Unavailable,
}
