namespace Fairlead.Store;

/// <summary>What a read found. Immutable.</summary>
/// <param name="Revision">The store's revision when it was read; inside a transaction the transaction's.</param>
/// <param name="Entries">The live entries in key order, cut at the limits.</param>
/// <param name="More">Whether entries were cut off: read on from the last key's <see cref="StoreKey.Next"/>, at
/// the revision of this result.</param>
/// <param name="Count">How many live keys the range holds at the revision that was read, cut off or not.</param>
public sealed record RangeResult(long Revision, IReadOnlyList<StoreEntry> Entries, bool More, long Count);
