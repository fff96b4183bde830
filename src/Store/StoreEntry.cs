namespace Fairlead.Store;

/// <summary>One version of a key, as a read or a watch shows it. Immutable; the value's bytes must not be changed.
/// </summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; empty for a deletion and for a read of keys only.</param>
/// <param name="CreateRevision">The revision in which the key came to life; 0 for a deletion.</param>
/// <param name="ModRevision">The revision of this version; for a deletion the revision that deleted the key.</param>
/// <param name="Version">1 for the first version since the key came to life, then one more each; 0 for a deletion.
/// </param>
/// <param name="Lease">The lease the key is attached to, or 0.</param>
public sealed record StoreEntry(
    StoreKey Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision, long Version, long Lease)
{
    /// <summary>Whether this version says that the key was deleted.</summary>
    public bool IsDeletion => Version == 0;

    /// <summary>Two entries are equal when all members and all bytes of the value are.</summary>
    public bool Equals(StoreEntry? other) =>
        other is not null && Key == other.Key && CreateRevision == other.CreateRevision
        && ModRevision == other.ModRevision && Version == other.Version && Lease == other.Lease
        && Value.Span.SequenceEqual(other.Value.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Key, ModRevision, Version);
}
