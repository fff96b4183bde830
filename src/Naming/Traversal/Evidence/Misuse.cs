using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// What is proven of a segment's keys in its newest epoch (V38). A newer epoch is a new beginning. Immutable.
/// </summary>
/// <param name="Epoch">The epoch's number.</param>
/// <param name="IsQuarantined">Whether its quorum contradicted itself.</param>
/// <param name="Excluded">The ids of anchors that contradicted themselves, in order.</param>
public sealed record Misuse(long Epoch, bool IsQuarantined, ImmutableSortedSet<string> Excluded)
{
    /// <summary>What proves it, one piece for each who is accused; less where a file of before kept none.</summary>
    public ImmutableArray<Contradiction> Evidence { get; init; } = [];

    /// <summary>Nothing is proven.</summary>
    public static Misuse None { get; } =
        new(-1, false, ImmutableSortedSet.Create<string>(StringComparer.Ordinal));
}
