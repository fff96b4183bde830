using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>
/// What a target's anchors last said about one name, verified here as a whole behind the own hop 0. Immutable.
/// </summary>
/// <param name="Hop">The target's hop, without epochs.</param>
/// <param name="Epochs">The target's chain from its genesis.</param>
/// <param name="Result">What it says.</param>
/// <param name="Slices">The slices.</param>
/// <param name="Expiry">The oldest expiry of its seal and Attests, in unix milliseconds.</param>
/// <param name="Seal">The seal's (epoch, seq); null in a denial.</param>
internal sealed record Relayed(
    UnverifiedHop Hop,
    IReadOnlyList<EpochDocument> Epochs,
    AnswerResult Result,
    ImmutableArray<ReadOnlyMemory<byte>> Slices,
    long Expiry,
    (long Epoch, long Seq)? Seal);
