using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// The way from the home to another segment: the transits that introduce it, each verified once (4.9, V57), and the
/// target as the last of them names it. A way may also end at a transit that denies it or proves that there is none.
/// Immutable.
/// </summary>
/// <param name="OwnEpoch">The own epoch that it starts from.</param>
/// <param name="Hops">The transits; none where the target is a neighbour.</param>
/// <param name="Result">Record where it leads to the target; else what the last of the hops says.</param>
/// <param name="Target">The target; in a way that ends before it, the segment that ended it.</param>
/// <param name="Until">When the first of the introductions ends, in unix milliseconds.</param>
/// <param name="RenewAt">When it is to be renewed, in unix milliseconds.</param>
internal sealed record Way(
    Digest OwnEpoch,
    ImmutableArray<RelayedHop> Hops,
    AnswerResult Result,
    Onward Target,
    long Until,
    long RenewAt)
{
    /// <summary>Whether it leads to the target.</summary>
    internal bool Leads => Result == AnswerResult.Record;

    /// <summary>The label of the child from which the path comes up to the target; null where it does not.</summary>
    internal string? Child { get; init; }

    /// <summary>The neighbour of the home that all of it is behind.</summary>
    internal Digest Neighbour => Hops is [var first, ..] ? first.Hop.Genesis : Target.Genesis;

    /// <summary>How many epochs of the transits are known now.</summary>
    internal int Epochs => Hops.Sum(hop => hop.Epochs.Length);

    /// <summary>Whether another way goes through the same segments to the same one.</summary>
    internal bool IsSamePath(Way other) => Result == other.Result && Target.Genesis == other.Target.Genesis
        && Target.Kind == other.Target.Kind
        && Hops.Select(hop => hop.Hop.Genesis).SequenceEqual(other.Hops.Select(hop => hop.Hop.Genesis));
}
