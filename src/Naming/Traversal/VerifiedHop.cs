using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>One segment of a verified answer: the evidence a trace shows.</summary>
/// <param name="Name">The segment's name on this path.</param>
/// <param name="Kind">How the traversal came here.</param>
/// <param name="Epoch">Its newest epoch.</param>
/// <param name="Seal">Its seal; null in the last hop of a denied answer.</param>
/// <param name="Attests">The decisions of its anchors.</param>
/// <param name="Introduces">Whether it only introduced the next hop (V57), so that its seal may be older.</param>
public sealed record VerifiedHop(
    SegmentName Name,
    HopKind Kind,
    Parsed<Epoch> Epoch,
    VerifiedSeal? Seal,
    ImmutableArray<VerifiedAttest> Attests,
    bool Introduces)
{
    /// <summary>The segment's identity.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>
    /// When the introduction by this hop ends (V57), in unix milliseconds; null at the home and at the hop that
    /// answers.
    /// </summary>
    public long? IntroducedUntil { get; init; }
}
