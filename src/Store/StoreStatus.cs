namespace Fairlead.Store;

/// <summary>Which store this is and how far it has come. A reader that remembers both can tell that a store was
/// replaced (other identity) or restored from an older copy (lower revision): trust V47. Immutable.</summary>
/// <param name="Identity">32 lower-hex digits, drawn at random when the store was created, never changed.</param>
/// <param name="Revision">The newest revision; 1 for a store that was never written. It never decreases.</param>
/// <param name="CompactedRevision">The revision of the last compaction; 0 before the first. Reads below it and watches
/// from below it are refused.</param>
public sealed record StoreStatus(string Identity, long Revision, long CompactedRevision);
