using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// V42: what the home witnessed of the segment that answers. A later epoch, or a later seal seen more than two
/// heartbeats after the offered one was issued, shows that somebody holds newer answers back; another seal in the same
/// place, that the segment's quorum contradicts itself. Pure, thread-safe.
/// </summary>
public static class WitnessRules
{
    private const int Heartbeats = 2;

    /// <summary>Judges a seal by a witness of its segment.</summary>
    /// <param name="witness">The witness, under the home's seal; null for none.</param>
    /// <param name="offered">The seal's place.</param>
    /// <param name="issued">When it was issued, in unix milliseconds.</param>
    /// <param name="heartbeat">The heartbeat of its segment's policy, in milliseconds.</param>
    /// <returns><see cref="BehindWitness"/>, <see cref="SealEquivocation"/>, or null.</returns>
    public static Refusal? Check(Witness? witness, SealPosition offered, long issued, long heartbeat)
    {
        ArgumentNullException.ThrowIfNull(offered);
        if (witness is null)
        {
            return null;
        }

        if (CheckEpoch(witness, offered.Epoch) is { } superseded)
        {
            return superseded;
        }

        if (witness.Epoch != offered.Epoch || witness.Seq < offered.Seq)
        {
            return null;
        }

        if (witness.Seq == offered.Seq)
        {
            return witness.Seal == offered.Digest
                ? null
                : new Refusal(SealEquivocation, "", $"the home saw another seal ({witness.Epoch},{witness.Seq})");
        }

        return witness.SeenAt > issued + (Heartbeats * heartbeat)
            ? new Refusal(
                BehindWitness, "",
                $"the home saw ({witness.Epoch},{witness.Seq}) {witness.SeenAt - issued} ms after "
                + $"({offered.Epoch},{offered.Seq}) was issued")
            : null;
    }

    /// <summary>Judges by the epoch alone what stands under no seal: a denial.</summary>
    /// <param name="witness">The witness, under the home's seal; null for none.</param>
    /// <param name="epoch">The newest epoch of what is offered.</param>
    public static Refusal? CheckEpoch(Witness? witness, long epoch) => witness is not null && witness.Epoch > epoch
        ? new Refusal(BehindWitness, "", $"the home saw a seal of epoch {witness.Epoch}; offered is {epoch}")
        : null;

    // Of the last hop alone: whoever introduces may be behind or dead without changing an answer (I24).
    internal static Refusal? Check(VerificationContext context, HopFacts hop)
    {
        if (!hop.IsLast || hop.Index == 0
            || context.Home.Included<Witness>(LeafClass.Witness, hop.Genesis.ToString()) is not { } witness)
        {
            return null;
        }

        return hop.Seal is { } seal
            ? Check(witness, seal.Position, seal.Issued, hop.Newest.Policy.Heartbeat)
            : CheckEpoch(witness, hop.Segment.NewestNumber);
    }
}
