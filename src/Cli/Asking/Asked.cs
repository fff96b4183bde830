using System.Collections.Immutable;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Asking;

/// <summary>What came of asking the home's anchors.</summary>
/// <param name="Answer">The verified answer; what it taught is durable. Null for none.</param>
/// <param name="Raw">The same answer as it came.</param>
/// <param name="ClockDelta">The clock tolerance that it was verified with, in milliseconds.</param>
/// <param name="Refusals">Why anchors gave none, in the order in which they were asked.</param>
internal sealed record Asked(
    VerifiedAnswer? Answer, UnverifiedAnswer? Raw, long ClockDelta, ImmutableArray<AnchorRefusal> Refusals)
{
    /// <summary>Why the chains of <see cref="Raw"/> are not whole, where they were to be; null where they
    /// are.</summary>
    internal AnchorRefusal? Missing { get; init; }
}
