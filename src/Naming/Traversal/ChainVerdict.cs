using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming.Traversal;

/// <summary>A chain extended by a page of epochs, or the first error of that page.</summary>
public sealed record ChainVerdict
{
    internal ChainVerdict(SegmentState? segment, Refusal? refusal)
    {
        Segment = segment;
        Refusal = refusal;
    }

    /// <summary>The chain with the page; null where it was refused.</summary>
    public SegmentState? Segment { get; }

    /// <summary>The error; null where the page was accepted.</summary>
    public Refusal? Refusal { get; }

    /// <summary>What the page proves against the segment's keys, for <see cref="EvidenceCheck"/>; null for nothing
    /// (V38).</summary>
    public Contradiction? Evidence { get; internal init; }

    /// <summary>Whether the page was accepted.</summary>
    [MemberNotNullWhen(true, nameof(Segment))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsAccepted => Segment is not null;
}
