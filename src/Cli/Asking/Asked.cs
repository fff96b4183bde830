using System.Collections.Immutable;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Asking;

/// <summary>What came of asking the home's anchors.</summary>
/// <param name="Accepted">The verified answer with the state to make durable before its use; null for none.</param>
/// <param name="Raw">The same answer as it came.</param>
/// <param name="ClockDelta">The clock tolerance that it was verified with, in milliseconds.</param>
/// <param name="Refusals">Why anchors gave none, in the order in which they were asked.</param>
internal sealed record Asked(
    Verdict.Accepted? Accepted, UnverifiedAnswer? Raw, long ClockDelta, ImmutableArray<AnchorRefusal> Refusals);
