using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>One extension of a segment's chain: what is held, what came, and under which circumstances.</summary>
internal sealed record ChainRequest
{
    internal required Digest Genesis { get; init; }

    internal required SegmentState? Held { get; init; }

    /// <summary>The operator's floor: where a chain of which nothing is held may start.</summary>
    internal required Floor? Start { get; init; }

    internal required ImmutableArray<ParsedEpochDocument> Epochs { get; init; }

    /// <summary>The tags that the home's policy refuses (V11).</summary>
    internal required ImmutableArray<string> Refused { get; init; }

    internal required long Now { get; init; }

    internal required long Delta { get; init; }

    /// <summary>Whether more pages may follow, so that a floor beyond the page's end says nothing yet.</summary>
    internal bool Paging { get; init; }

    /// <summary>Whether it is of a segment that only introduces: it may stand on any epoch of the chain that is held
    /// (V16), so that showing no newer one is no step back (V15).</summary>
    internal bool IsIntroduction { get; init; }

    /// <summary>Whether it is of a segment whose introduction of the target was believed before: then a second epoch of
    /// a number that is held ends nothing (V14, I24).</summary>
    internal bool Spares { get; init; }

    internal required SignatureChecks Signatures { get; init; }
}
