using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>A question that may be asked: by whom, for what, and what the asker holds already. Immutable.</summary>
/// <param name="Query">The query.</param>
/// <param name="Consumer">Who asks, proven.</param>
/// <param name="IsHome">Whether the consumer is at home here, so that the answer starts with hop 0.</param>
/// <param name="Known">What the asker holds, by segment.</param>
internal sealed record AskedQuestion(
    Parsed<Query> Query, Consumer Consumer, bool IsHome, ImmutableDictionary<Digest, KnownSegment> Known)
{
    /// <summary>The label of the child from which the path comes up; null where it does not.</summary>
    internal string? Child { get; init; }

    /// <summary>Until when the consumer is known without another look at its proof, in unix milliseconds: elsewhere the
    /// end of its Grant.</summary>
    internal long KnownUntil { get; init; }

    /// <summary>Whether the asker holds a later seal of a segment than this one (V64).</summary>
    internal bool IsBehind(Digest segment, (long Epoch, long Seq) held) =>
        Known.TryGetValue(segment, out var asker) && held.CompareTo((asker.SealEpoch, asker.SealSeq)) < 0;
}

/// <summary>What an asker holds of a segment (V64).</summary>
/// <param name="Epoch">Its newest epoch.</param>
/// <param name="SealEpoch">The epoch of the newest seal that it accepted.</param>
/// <param name="SealSeq">The number of that seal.</param>
internal sealed record KnownSegment(long Epoch, Digest? EpochDigest, long SealEpoch, long SealSeq);
