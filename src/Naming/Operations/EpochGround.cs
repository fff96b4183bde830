using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>
/// What an operation stands on: the newest epoch of a segment and its op-made leaves, both verified. Immutable,
/// thread-safe.
/// </summary>
/// <param name="Genesis">The segment.</param>
/// <param name="Epoch">Its newest epoch.</param>
/// <param name="Leaves">The op-made leaves of that epoch.</param>
/// <param name="Names">The full names under which the segment is known, where they are: no peer may be above or below
/// one.</param>
public sealed record EpochGround(
    Digest Genesis, Parsed<Epoch> Epoch, OperationLeaves Leaves, ImmutableArray<SegmentName> Names)
{
    /// <summary>The number of the epoch that may follow.</summary>
    public long Next => Epoch.Value.Number + 1;

    /// <summary>The first epoch of the run of renewals that the newest epoch ends; null where it is no renewal, and
    /// where the epochs before it are not known.</summary>
    public long? RenewedSince { get; init; }

    /// <summary>How long the newest epoch lives, in ms: what a successor is given too.</summary>
    public long Life => Epoch.Value.Expires - Epoch.Value.Issued;

    /// <summary>The ground that a decided candidate makes.</summary>
    public EpochGround Follow(EpochCandidate candidate)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return this with
        {
            Epoch = candidate.Epoch,
            Leaves = candidate.Leaves,
            RenewedSince = RenewalRules.Continues(Epoch.Value, candidate.Epoch.Value)
                ? RenewedSince ?? Epoch.Value.Number
                : RenewalRules.StartOf(candidate.Epoch.Value),
        };
    }
}
