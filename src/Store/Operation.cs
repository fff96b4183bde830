namespace Fairlead.Store;

/// <summary>One step of a transaction: a <see cref="Put"/>, a <see cref="Delete"/> or a <see cref="Get"/>. Immutable.
/// </summary>
public abstract record Operation
{
    private Operation()
    {
    }

    /// <summary>Writes a value. The key's version rises by one, or starts at 1 where the key is not alive.</summary>
    /// <param name="Key">The key; not empty.</param>
    /// <param name="Value">The value; may be empty. The store copies it.</param>
    /// <param name="Lease">The lease to attach the key to; 0 attaches it to none and ends an older attachment.</param>
    public sealed record Put(StoreKey Key, ReadOnlyMemory<byte> Value, long Lease = 0) : Operation;

    /// <summary>Deletes every live key of a range.</summary>
    /// <param name="Range">The keys to delete.</param>
    public sealed record Delete(KeyRange Range) : Operation;

    /// <summary>Reads a range; it sees what earlier operations of the same transaction wrote.</summary>
    /// <param name="Request">What to read.</param>
    public sealed record Get(RangeRequest Request) : Operation;
}
