using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// Under which conditions an anchor signs a state that witnesses a seal of another segment (V42, 4.3.2): the seal is
/// certified by an epoch that is known here, later than the one witnessed so far, and was seen at a time that can be.
/// </summary>
internal sealed class WitnessJudge(SealCore core)
{
    /// <summary>Judges the witnesses among a proposal's changes, and adds them to the others.</summary>
    /// <param name="proposal">The proposal.</param>
    /// <param name="claim">What it proposes.</param>
    /// <param name="state">The state that it follows.</param>
    /// <param name="puts">Takes the entries.</param>
    /// <param name="unknown">The witnesses whose seal is not certified by what is known here.</param>
    internal Refusal? Check(
        SealMessage.Propose proposal, StateClaim claim, LeafState state, List<Entry> puts, out List<Entry> unknown)
    {
        unknown = [];
        if (claim.Seal is not null && !proposal.Puts.Any(put => put.IsWitness))
        {
            return null;
        }

        var names = proposal.Drops.Where(name => name.Class == LeafClass.Witness).ToHashSet();
        var left = state.Witnesses.Count(held => !names.Contains(held.Name));
        Refusal? doubt = null;
        var fresh = 0;
        foreach (var put in proposal.Puts.Where(put => put.IsWitness))
        {
            if (WitnessReader.Read(put, core.Reader.KeyOf, out var entry, out var seal) is { } form)
            {
                return form.At("proposal");
            }

            var held = state.Find(entry!.Name);
            left += held is null ? 1 : 0;
            if (!names.Add(entry.Name) || ++fresh > SealLimits.WitnessesPerSeal || left > SealLimits.Witnesses)
            {
                return Refuse(entry, VerificationFailure.TooLarge, "more witnesses than a seal takes");
            }

            if ((Times(entry, seal!.Value, claim.Issued, core.Delta) ?? Order(entry, held)) is { } refusal)
            {
                return refusal;
            }

            if (Certified(entry, seal) is { } uncertified)
            {
                doubt ??= uncertified.At($"proposal.{entry.Name}");
                unknown.Add(entry);
            }

            puts.Add(entry);
        }

        // A handover is of what the segment says itself.
        return claim.Handover is not null && left > 0
            ? new Refusal(VerificationFailure.RootMismatch, "proposal", "a handover that holds a witness")
            : doubt;
    }

    /// <summary>Whether the seal, and when it was seen, are of this time. By t, as all: what is admitted once stays so,
    /// or becomes droppable for all.</summary>
    internal static Refusal? Times(Entry entry, Seal seal, long t, long delta)
    {
        var seenAt = entry.Witness!.SeenAt;
        return seenAt > t + delta || seal.Issued > t + delta
            ? Refuse(entry, VerificationFailure.FromFuture, "the seal, or when it was seen, is ahead of the clock")
            : seenAt < seal.Issued - delta
                ? Refuse(entry, VerificationFailure.TimeRegression, "seen before it was issued")
                : entry.IsDroppable(t, delta)
                    ? Refuse(entry, VerificationFailure.SealExpired, $"expired at {seal.Expires}")
                    : null;
    }

    private static Refusal Refuse(Entry entry, VerificationFailure failure, string detail) =>
        new(failure, $"proposal.{entry.Name}", detail);

    private Refusal? Order(Entry entry, Entry? held) =>
        entry.Witness!.Segment == core.Genesis
            ? Refuse(entry, VerificationFailure.WrongSegment, "a segment is no witness of itself")
            : held is null || entry.IsAbove(held)
                ? null
                : Refuse(entry, VerificationFailure.SealRollback,
                    $"({held.Witness!.Epoch},{held.Witness.Seq}) is witnessed already");

    private Refusal? Certified(Entry entry, Parsed<Seal> seal) => core.IgnoresWitnesses ? null
        : core.Witnesses is null
            ? new Refusal(VerificationFailure.EpochUnknown, "", $"nothing is known of {entry.Witness!.Segment}")
            : core.Witnesses.Check(WitnessReader.Certificate(entry.Source), seal);
}
