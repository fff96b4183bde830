namespace Fairlead.Naming;

/// <summary>A document that is a leaf of a segment's tree. Immutable, thread-safe.</summary>
public abstract record LeafDocument : Document
{
    /// <summary>16 random bytes of its author: they hide the document behind its digest.</summary>
    public required Hex16 Opening { get; init; }

    /// <summary>The leaf's class.</summary>
    public abstract LeafClass Class { get; }

    /// <summary>The name hashed for that class (4.0).</summary>
    public abstract string LeafName { get; }
}
