using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>A seal that passed every check, and who signed it.</summary>
/// <param name="Position">Its epoch, number and digest.</param>
/// <param name="Issued">When it was made, in unix milliseconds.</param>
/// <param name="Expires">When it ends, in unix milliseconds.</param>
/// <param name="Count">How many leaves it covers.</param>
/// <param name="Signers">The ids of the anchors that signed it, by kid.</param>
public sealed record VerifiedSeal(
    SealPosition Position, long Issued, long Expires, long Count, ImmutableArray<string> Signers);
