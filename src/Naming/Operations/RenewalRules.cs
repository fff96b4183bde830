using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>
/// What a renewal may be that nobody approves (4.4): each leaf that it writes has a fresher floor, and it comes in its
/// time, or right behind one that was full and about leaves that the run has not written yet. So a run of them ends
/// after as many epochs as there are batches, whoever proposes. Stateless, thread-safe.
/// </summary>
public static class RenewalRules
{
    /// <summary>The first epoch of the run of renewals that a chain ends with; null where it ends with none.</summary>
    /// <param name="epochs">A verified chain from its genesis.</param>
    public static long? RunOf(ImmutableArray<EpochDocument> epochs)
    {
        long? since = null;
        Epoch? later = null;
        for (var i = epochs.Length - 1; i >= 0; i--)
        {
            if (!Document.TryParse<Epoch>(epochs[i].Payload, out var epoch, out _)
                || (later is null ? StartOf(epoch.Value) is null : !Continues(epoch.Value, later)))
            {
                break;
            }

            (later, since) = (epoch.Value, epoch.Value.Number);
        }

        return since;
    }

    /// <summary>Whether nobody needs to approve a renewal, as far as its time and its leaves go.</summary>
    /// <param name="ground">What it follows.</param>
    /// <param name="epoch">The renewal.</param>
    /// <param name="after">Its op-made leaves.</param>
    public static bool IsDue(EpochGround ground, Epoch epoch, OperationLeaves after)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(after);
        if (IsInTime(ground.Epoch.Value, epoch.Issued))
        {
            return true;
        }

        var written = Written(ground, after).ToList();
        return RenewOperation.IsUnfinished(ground) && written.Count > 0
            && written.TrueForAll(one => IsLeft(ground, one.Held)
                && FloorRules.Of(one.Held) is var (_, held) && FloorRules.Of(one.Now) is var (_, now)
                && IsWorthIt(held, now));
    }

    /// <summary>Whether a floor is so far behind that an epoch may be spent on it.</summary>
    internal static bool IsWorthIt(Floor held, Floor fresh) => fresh.Epoch - held.Epoch >= Limits.FloorLag;

    /// <summary>Whether a leaf was not written yet by the run of renewals that the newest epoch ends.</summary>
    internal static bool IsLeft(EpochGround ground, OpMadeLeaf leaf) =>
        leaf.Made < (ground.RenewedSince ?? ground.Epoch.Value.Number);

    /// <summary>Whether an epoch goes on with the run of renewals that the one before ends.</summary>
    internal static bool Continues(Epoch before, Epoch epoch) =>
        StartOf(before) is not null && StartOf(epoch) is not null && !IsInTime(before, epoch.Issued);

    /// <summary>Whether a renewal issued at a time is the one that an epoch's life asks for.</summary>
    internal static bool IsInTime(Epoch before, long issued) =>
        issued + before.Policy.ClockDelta >= RenewOperation.DueAt(before);

    /// <summary>The run that an epoch begins; null for one that is no renewal.</summary>
    internal static long? StartOf(Epoch epoch) => epoch.Op.Type == OpType.Renew ? epoch.Number : null;

    /// <summary>A renewal writes a Link or Peer, or an uplink's endpoints, only with a fresher floor.</summary>
    /// <returns><c>OpMismatch</c>, or null.</returns>
    internal static Refusal? Check(EpochGround ground, Epoch epoch, OperationLeaves after)
    {
        if (StartOf(epoch) is null)
        {
            return null;
        }

        foreach (var (held, now) in Written(ground, after))
        {
            if (FloorRules.Of(now)?.Floor.Epoch <= FloorRules.Of(held)?.Floor.Epoch)
            {
                return Bad($"{held.Class} {held.LeafName}");
            }
        }

        var uplinks = ground.Epoch.Value.Uplinks.ToDictionary(up => (up.Label, up.Parent));
        var idle = epoch.Uplinks.FirstOrDefault(up => uplinks.TryGetValue((up.Label, up.Parent), out var held)
            && up.Floor.Epoch <= held.Floor.Epoch && !up.Endpoints.SequenceEqual(held.Endpoints));
        return idle is null ? null : Bad($"uplink {idle.Label}");
    }

    private static IEnumerable<(OpMadeLeaf Held, OpMadeLeaf Now)> Written(EpochGround ground, OperationLeaves after)
    {
        foreach (var (key, held) in ground.Leaves.Leaves)
        {
            if (held.Document is Link or Peer && after.Leaves.GetValueOrDefault(key) is { } now
                && now.Commitment != held.Commitment)
            {
                yield return ((OpMadeLeaf)held.Document, (OpMadeLeaf)now.Document!);
            }
        }
    }

    private static Refusal Bad(string where) => new(
        VerificationFailure.OpMismatch, "epoch.op", $"{OpType.Renew} of {where} without a fresher floor");
}
