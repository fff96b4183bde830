namespace Fairlead.Naming;

/// <summary>A leaf that the manifests of the epoch chain write, equal in every seal of one epoch. Immutable,
/// thread-safe.</summary>
public abstract record OpMadeLeaf : LeafDocument
{
    /// <summary>The epoch that wrote it.</summary>
    public required long Made { get; init; }
}
