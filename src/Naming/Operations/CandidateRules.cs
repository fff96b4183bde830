using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming.Operations;

/// <summary>
/// What an anchor asks of an epoch before it votes for it: its size (V1), V9, V11, V13, the consents of V10, V44 and
/// V49. Stateless, thread-safe.
/// </summary>
public static class CandidateRules
{
    /// <summary>Form and effect: all that does not depend on the time, so that it is asked once.</summary>
    /// <param name="ground">What it must follow.</param>
    /// <param name="proposal">The proposal.</param>
    /// <param name="checks">Verifies the consents.</param>
    /// <param name="candidate">The candidate; null where it was refused.</param>
    /// <param name="refusal">The first rule that it breaks.</param>
    public static bool TryRead(
        EpochGround ground,
        EpochProposal proposal,
        ISignatureChecks checks,
        [NotNullWhen(true)] out EpochCandidate? candidate,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(proposal);
        candidate = null;
        if (proposal.Bytes > Limits.OperationBytes)
        {
            refusal = new Refusal(
                VerificationFailure.TooLarge, "proposal", $"{proposal.Bytes} bytes, at most {Limits.OperationBytes}");
            return false;
        }

        var raw = new EpochDocument(proposal.Epoch, Envelope.None, proposal.Consent, proposal.RecoveryConsent);
        if (!ParsedEpochDocument.TryParse(raw, ground.Genesis, out var document, out refusal))
        {
            return false;
        }

        refusal = CheckPlace(ground, document.Epoch.Value)
            ?? ConsentRules.CheckSuccessor(ground.Epoch.Value, document, checks)
            ?? ConsentRules.CheckRecovery(ground.Epoch.Value, document, checks)
            ?? QuorumRules.Check(document.Epoch.Value, [])
            ?? PolicyRules.CheckLives(document.Epoch.Value.Policy, ground.Epoch.Value.Policy)
            ?? PolicyRules.CheckNames(document.Epoch.Value.Policy, ground.Epoch.Value.Policy);
        if (refusal is not null)
        {
            return false;
        }

        var leaves = ground.Leaves.Apply(
            document.Epoch, proposal.Manifest, proposal.Leaves.Select(leaf => (leaf.Class, leaf.Payload)), out refusal);
        refusal ??= OpRules.Check(ground.Epoch.Value, document.Epoch.Value)
            ?? OpRules.CheckLeaves(document.Epoch.Value, ground.Leaves, leaves!)
            ?? PlacementRules.Check(ground, document.Epoch.Value, leaves!)
            ?? FloorRules.Check(ground, document.Epoch.Value, leaves!)
            ?? RenewalRules.Check(ground, document.Epoch.Value, leaves!)
            ?? CheckLife(ground, document.Epoch.Value);
        candidate = refusal is null ? new EpochCandidate(proposal, document.Epoch, leaves!) : null;
        return candidate is not null;
    }

    /// <summary>
    /// The times: not ahead of the clock (V46), not before its predecessor (V13), still alive (V12). An operation may
    /// have waited for its approvals, so its age is no fault.
    /// </summary>
    /// <param name="ground">What it follows.</param>
    /// <param name="epoch">The candidate.</param>
    /// <param name="now">Unix ms.</param>
    public static Refusal? CheckTimes(EpochGround ground, Epoch epoch, long now)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(epoch);
        var delta = ground.Epoch.Value.Policy.ClockDelta;
        if (epoch.Issued > now + delta)
        {
            return new Refusal(VerificationFailure.FromFuture, "epoch.issued", $"{epoch.Issued - now} ms ahead");
        }

        return now + delta < epoch.Expires
            ? null
            : new Refusal(VerificationFailure.EpochExpired, "epoch.expires", $"ended {now - epoch.Expires} ms ago");
    }

    // Every later epoch is given the life of the one before it: one that is too short would be the last.
    private static Refusal? CheckLife(EpochGround ground, Epoch epoch)
    {
        var (life, least) = (epoch.Expires - epoch.Issued, Math.Min(ground.Life, Limits.EpochLifeMin));
        return life >= least
            ? null
            : new Refusal(VerificationFailure.PolicyOutOfRange, "epoch.expires", $"a life of {life} ms, below {least}");
    }

    private static Refusal? CheckPlace(EpochGround ground, Epoch epoch)
    {
        if (epoch.Number != ground.Next)
        {
            var failure = epoch.Number < ground.Next ? VerificationFailure.EpochSuperseded
                : VerificationFailure.EpochGap;
            return new Refusal(failure, "epoch", $"number {epoch.Number}, the next is {ground.Next}");
        }

        if (epoch.Number >= Limits.ChainEpochs)
        {
            return new Refusal(
                VerificationFailure.BudgetExceeded, "epoch",
                $"no verifier follows more than {Limits.ChainEpochs} epochs");
        }

        if (epoch.Prev != ground.Epoch.Digest)
        {
            return new Refusal(VerificationFailure.PrevMismatch, "epoch.prev", $"not {ground.Epoch.Digest}");
        }

        if (epoch.Op.Type == OpType.Recover)
        {
            return new Refusal(VerificationFailure.RecoveryNotEffective, "epoch.op", "recovery is no vote of anchors");
        }

        return epoch.Issued < ground.Epoch.Value.Issued
            ? new Refusal(VerificationFailure.TimeRegression, "epoch.issued", "before its predecessor's")
            : null;
    }
}
