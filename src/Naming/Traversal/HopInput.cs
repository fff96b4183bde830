using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>One hop with every object parsed (V1-V3, V56) and nothing else checked.</summary>
internal sealed record HopInput(
    UnverifiedHop Raw,
    ImmutableArray<ParsedEpochDocument> Epochs,
    Parsed<Seal>? Seal,
    ImmutableArray<HopLeaf> Leaves,
    ImmutableArray<HopAttest> Attests);
