using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>What all steps of one verification share: the question, one fixed moment, the budget, and drafts.</summary>
internal sealed class VerificationContext
{
    internal required VerifierState State { get; init; }

    internal required Parsed<Query> Query { get; init; }

    internal required VerifierOptions Options { get; init; }

    internal required SignatureChecks Signatures { get; init; }

    /// <summary>The moment of the verification, in unix milliseconds.</summary>
    internal required long Now { get; init; }

    /// <summary>The home's clock tolerance as it was before this answer.</summary>
    internal long Delta => State.ClockDelta;

    internal List<HopFacts> Hops { get; } = [];

    internal int HopCount { get; set; }

    /// <summary>The first check that failed where that is only that something is over: the chains of the other hops are
    /// read all the same.</summary>
    internal Refusal? Over { get; set; }

    /// <summary>The verified chains of the hops.</summary>
    internal List<SegmentState> Chains { get; } = [];

    /// <summary>The trust domains that the target speaks for in this answer, all admitted (V54).</summary>
    internal SortedSet<string> Domains { get; } = new(StringComparer.Ordinal);

    /// <summary>What the answer proves against a segment's keys (V38); null for nothing.</summary>
    internal Contradiction? Evidence { get; set; }

    internal HopFacts Home => Hops[0];

    internal HopFacts Last => Hops[^1];

    internal SegmentName? TargetSegment => Query.Value.Name.Segment;

    internal ServicePart Service => Query.Value.Name.Service!;

    /// <summary>Whether the target was introduced before, where that is known from elsewhere; null where the pins
    /// say it.</summary>
    internal bool? IsKnownTarget { get; init; }

    /// <summary>Whether a transit introduces with what it says now, and not with what it said before (V38).</summary>
    internal bool IsNewIntroduction { get; init; }

    /// <summary>Whether a hop only introduces a target that was introduced before (I24): whatever its keys are misused
    /// for since, it cannot end what it began.</summary>
    internal bool IsIntroducedBefore(HopFacts hop) =>
        hop.Index > 0 && !hop.IsLast
        && (IsKnownTarget ?? (TargetSegment is { } target && State.Pins.ContainsKey(target)));

    /// <summary>What anchors signed in this answer, as far as it was verified.</summary>
    internal ImmutableArray<HopAttest> Signed => [.. Hops.SelectMany(hop => hop.Attests)];
}
