namespace Fairlead.Naming.Traversal;

/// <summary>What a hop says of the next one, and what must hold of it (V28, V30).</summary>
/// <param name="Name">The next segment's name on this path.</param>
/// <param name="Genesis">Its identity.</param>
/// <param name="Floor">The epoch that its chain must contain.</param>
/// <param name="MaxTtl">The longest life of answers by this leaf's terms, in milliseconds.</param>
internal sealed record NextHop(SegmentName Name, Digest Genesis, Floor Floor, long? MaxTtl)
{
    /// <summary>The label under which the child must name this parent; null unless the hop goes down.</summary>
    internal string? Label { get; init; }
}
