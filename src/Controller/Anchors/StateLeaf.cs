using Fairlead.Naming;

namespace Fairlead.Controller.Anchors;

/// <summary>One leaf of an anchor's State. Nothing of it is checked.</summary>
/// <param name="Class">Its class.</param>
/// <param name="Bytes">The document's payload.</param>
internal sealed record StateLeaf(LeafClass Class, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The document that its publisher signed; null where it was not asked for, or has no form.</summary>
    public Envelope? Source { get; init; }

    /// <summary>The slices of a record; none where they were not asked for.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Slices { get; init; } = [];
}
