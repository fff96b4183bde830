namespace Fairlead.Store;

/// <summary>The common requests in one call each; all of them are transactions or reads of <see cref="IStore"/>, with
/// its errors.</summary>
public static class StoreExtensions
{
    /// <summary>The newest version of a key, or null when the key is not alive.</summary>
    public static async ValueTask<StoreEntry?> GetAsync(
        this IStore store, StoreKey key, CancellationToken cancellationToken)
    {
        var request = new RangeRequest(KeyRange.Single(key));
        var found = await store.RangeAsync(request, cancellationToken).ConfigureAwait(false);
        return found.Entries.Count == 0 ? null : found.Entries[0];
    }

    /// <summary>Writes a key and returns the revision of the write.</summary>
    public static async ValueTask<long> PutAsync(
        this IStore store, StoreKey key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        var transaction = new Transaction { Success = [new Operation.Put(key, value)] };
        var result = await store.CommitAsync(transaction, cancellationToken).ConfigureAwait(false);
        return result.Revision;
    }

    /// <summary>Writes a key if its newest version is of <paramref name="expected"/> (0: if it is not alive). Returns
    /// the revision of the write, or null when another write came first.</summary>
    public static async ValueTask<long?> TryPutAsync(
        this IStore store, StoreKey key, ReadOnlyMemory<byte> value, long expected, CancellationToken cancellationToken)
    {
        var transaction = new Transaction
        {
            Compares = [Compare.ModRevision(key, expected)],
            Success = [new Operation.Put(key, value)],
        };
        var result = await store.CommitAsync(transaction, cancellationToken).ConfigureAwait(false);
        return result.Succeeded ? result.Revision : null;
    }

    /// <summary>Deletes the live keys of a range and returns how many there were.</summary>
    public static async ValueTask<long> DeleteAsync(
        this IStore store, KeyRange range, CancellationToken cancellationToken)
    {
        var transaction = new Transaction { Success = [new Operation.Delete(range)] };
        var result = await store.CommitAsync(transaction, cancellationToken).ConfigureAwait(false);
        return ((OperationResult.Delete)result.Results[0]).Count;
    }
}
