using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// An answer as it travels, free of any encoding. Nothing here is checked; only <see cref="AnswerVerifier"/> makes a
/// <see cref="VerifiedAnswer"/> of it.
/// </summary>
/// <param name="Query">The payload of the query that it answers.</param>
/// <param name="Hops">The segments on the path, from the home on.</param>
/// <param name="Result">What it says it is.</param>
/// <param name="Slices">The payloads of the slices, in the order of the record's.</param>
public sealed record UnverifiedAnswer(
    ReadOnlyMemory<byte> Query,
    ImmutableArray<UnverifiedHop> Hops,
    AnswerResult Result,
    ImmutableArray<ReadOnlyMemory<byte>> Slices);
