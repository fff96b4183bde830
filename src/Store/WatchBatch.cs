namespace Fairlead.Store;

/// <summary>All events of one revision that a watch covers, in the order in which the transaction made them.
/// Immutable.</summary>
/// <param name="Revision">The revision.</param>
/// <param name="Events">The new versions; a deletion is an entry with <see cref="StoreEntry.IsDeletion"/>.</param>
public sealed record WatchBatch(long Revision, IReadOnlyList<StoreEntry> Events);
