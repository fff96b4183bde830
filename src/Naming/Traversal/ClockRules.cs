using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>V37: the wall clock may neither fall below what home seals proved, nor stand apart from the
/// anchors'.</summary>
public static class ClockRules
{
    /// <summary>Whether the clock was set back behind a home seal that was accepted.</summary>
    /// <param name="state">The verifier's state.</param>
    /// <param name="now">The wall clock, in unix milliseconds.</param>
    /// <returns><see cref="ClockRollback"/>, or null.</returns>
    public static Refusal? CheckFloor(VerifierState state, long now)
    {
        ArgumentNullException.ThrowIfNull(state);
        return now < state.TimeFloor - state.ClockDelta
            ? new Refusal(ClockRollback, "now", $"{state.TimeFloor - now} ms before a seal that was accepted")
            : null;
    }

    /// <summary>Whether the clock stands apart from the median of the anchors' heads.</summary>
    /// <param name="now">The wall clock, in unix milliseconds.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <param name="faults">The segment's F.</param>
    /// <param name="times">The times that distinct anchors signed; fewer than 2F+1 say nothing.</param>
    /// <returns><see cref="ClockSkew"/>, or null.</returns>
    public static Refusal? CheckSkew(long now, long delta, int faults, ImmutableArray<long> times)
    {
        if (times.Length < (2 * faults) + 1)
        {
            return null;
        }

        // Of an even number the nearer of the two middle ones counts: both lie among honest clocks.
        var sorted = times.Sort();
        var apart = Math.Min(Math.Abs(now - sorted[(times.Length - 1) / 2]), Math.Abs(now - sorted[times.Length / 2]));
        return apart > delta ? new Refusal(ClockSkew, "now", $"{apart} ms off the anchors' median") : null;
    }
}
