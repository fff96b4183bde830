namespace Fairlead.Naming;

/// <summary>A leaf that a publisher writes under its Credential. Immutable, thread-safe.</summary>
public abstract record PublishedLeaf : LeafDocument
{
    /// <summary>When it ends, in unix ms.</summary>
    public required long Expires { get; init; }

    /// <summary>When it was signed, in unix ms.</summary>
    public required long Issued { get; init; }

    /// <summary>The publisher's kid.</summary>
    public required Digest Publisher { get; init; }

    /// <summary>max(last + 1, the publisher's clock in unix ms): no counter to lose (V26, V45).</summary>
    public required long Version { get; init; }
}
