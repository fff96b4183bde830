namespace Fairlead.Store;

/// <summary>A store refused a request or cannot serve; <see cref="Error"/> says which it is.</summary>
public sealed class StoreException : Exception
{
    /// <summary>An exception of <paramref name="error"/>, with what a person needs to act in
    /// <paramref name="detail"/>.</summary>
    public StoreException(StoreError error, string detail, Exception? inner = null)
        : base($"{error}: {detail}", inner) => Error = error;

    /// <summary>The named error.</summary>
    public StoreError Error { get; }

    /// <summary>With <see cref="StoreError.Compacted"/>: the revision of the last compaction, the lowest that can still
    /// be read or watched. Otherwise 0.</summary>
    public long CompactedRevision { get; init; }

    /// <summary>Whether this opening of the store answers nothing any more: only a new one may.</summary>
    public bool NeedsReopening { get; init; }

    internal static StoreException Compacted(long revision, long compacted) =>
        new(StoreError.Compacted, $"revision {revision} is gone, the store is compacted at {compacted}")
        {
            CompactedRevision = compacted,
        };

    internal static StoreException Future(long revision, long newest) =>
        new(StoreError.FutureRevision, $"revision {revision} lies above the newest, {newest}");

    internal static StoreException NoLease(long id) =>
        new(StoreError.LeaseNotFound, $"lease {id} does not exist or has ended");
}
