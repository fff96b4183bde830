using System.Collections.Immutable;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>One hop's part of an answer as this segment gives it. Immutable.</summary>
/// <param name="Hop">The hop.</param>
/// <param name="Result">What the hop says, where it is the last.</param>
/// <param name="Slices">The slices that the decision admits, in the record's order.</param>
/// <param name="Watched">The leaves that it rests on: a change of one calls for an update.</param>
/// <param name="Expiry">The oldest expiry of its seal and Attests, in unix milliseconds.</param>
internal sealed record BuiltAnswer(
    UnverifiedHop Hop,
    AnswerResult Result,
    ImmutableArray<ReadOnlyMemory<byte>> Slices,
    IReadOnlyList<LeafName> Watched,
    long Expiry)
{
    /// <summary>When the first of the leaves shown ends, in unix milliseconds: no verifier takes them from then
    /// on.</summary>
    internal long LeavesEnd { get; init; } = long.MaxValue;

    /// <summary>A denial: it is built from the question alone and shows nothing else.</summary>
    internal static BuiltAnswer Denied(SegmentView view, HopKind kind, long? knownEpoch, AttestSet attested) =>
        new(HopBuilder.Denial(view, kind, knownEpoch, attested.Envelopes[0]), AnswerResult.Denied, [], [],
            attested.Expires);

    /// <summary>The earlier end of the view's seal and the Attests.</summary>
    internal static long OldestExpiry(SegmentView view, AttestSet attested) =>
        Math.Min(view.Certified.Seal.Expires, attested.Expires);
}
