using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// Whether an epoch may follow: V8 or V9, V4-V7 with V10, V11, V13, in this order. V12, V14 and V15 compare with what a
/// verifier holds and are asked where that is. Stateless, thread-safe.
/// </summary>
public static class EpochRules
{
    /// <summary>Epoch 0: its digest is the pinned genesis, all its gov and seal keys consent (V8), V11, V13.</summary>
    /// <param name="document">The epoch and its certificates.</param>
    /// <param name="genesis">The genesis digest that was pinned, or that the hop before names.</param>
    /// <param name="refused">Tags that the home's policy refuses.</param>
    /// <param name="now">The one fixed time of this check, unix ms.</param>
    /// <param name="delta">The clock tolerance, ms.</param>
    /// <param name="checks">The budget of signature checks.</param>
    public static Refusal? CheckGenesis(
        ParsedEpochDocument document,
        Digest genesis,
        ImmutableArray<string> refused,
        long now,
        long delta,
        ISignatureChecks checks)
    {
        ArgumentNullException.ThrowIfNull(document);
        var epoch = document.Epoch.Value;
        if (epoch.Number != 0)
        {
            return new Refusal(VerificationFailure.EpochGap, "epoch", $"number {epoch.Number} where 0 is the first");
        }

        if (document.Epoch.Digest != genesis)
        {
            return new Refusal(
                VerificationFailure.GenesisMismatch, "epoch", $"{document.Epoch.Digest}, wanted {genesis}");
        }

        if (epoch.Prev is not null || epoch.Segment is not null || epoch.Op.Type != OpType.Genesis)
        {
            return new Refusal(
                VerificationFailure.NonCanonicalPayload, "epoch", "epoch 0 has op genesis, no prev, no segment");
        }

        if (!document.Raw.Vote.IsNone || !document.Raw.RecoveryConsent.IsNone)
        {
            return new Refusal(VerificationFailure.TooManySignatures, "epoch.vote", "nobody votes for epoch 0");
        }

        return ConsentRules.CheckGenesis(document, checks)
            ?? QuorumRules.Check(epoch, refused)
            ?? CheckIssued(null, epoch, now, delta);
    }

    /// <summary>An epoch after another: number, prev, segment (V9), commit votes and consents (V10), V11,
    /// V13.</summary>
    /// <param name="previous">The verified epoch before.</param>
    /// <param name="document">The epoch and its certificates.</param>
    /// <param name="genesis">The genesis digest of the chain.</param>
    /// <param name="refused">Tags that the home's policy refuses.</param>
    /// <param name="now">The one fixed time of this check, unix ms.</param>
    /// <param name="delta">The clock tolerance, ms.</param>
    /// <param name="checks">The budget of signature checks.</param>
    public static Refusal? CheckSuccessor(
        Parsed<Epoch> previous,
        ParsedEpochDocument document,
        Digest genesis,
        ImmutableArray<string> refused,
        long now,
        long delta,
        ISignatureChecks checks)
    {
        ArgumentNullException.ThrowIfNull(previous);
        ArgumentNullException.ThrowIfNull(document);
        var epoch = document.Epoch.Value;
        if (epoch.Number != previous.Value.Number + 1)
        {
            return new Refusal(
                VerificationFailure.EpochGap, "epoch", $"number {epoch.Number} after {previous.Value.Number}");
        }

        if (epoch.Prev != previous.Digest)
        {
            return new Refusal(VerificationFailure.PrevMismatch, "epoch.prev", $"not {previous.Digest}");
        }

        if (epoch.Segment != genesis)
        {
            return new Refusal(VerificationFailure.WrongSegment, "epoch.segment", $"not {genesis}");
        }

        return CheckVote(previous.Value, document, checks)
            ?? ConsentRules.CheckSuccessor(previous.Value, document, checks)
            ?? ConsentRules.CheckRecovery(previous.Value, document, checks)
            ?? QuorumRules.Check(epoch, refused)
            ?? CheckIssued(previous.Value, epoch, now, delta);
    }

    /// <summary>An epoch trusted by its digest, where a bootstrap file starts a chain: V11, V13.</summary>
    public static Refusal? CheckTrusted(Parsed<Epoch> epoch, ImmutableArray<string> refused, long now, long delta)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return QuorumRules.Check(epoch.Value, refused) ?? CheckIssued(null, epoch.Value, now, delta);
    }

    /// <summary>V10: the commit votes of one round by exactly t_gov(N) gov keys of N.</summary>
    private static Refusal? CheckVote(Epoch previous, ParsedEpochDocument document, ISignatureChecks checks)
    {
        var epoch = document.Epoch;
        if (epoch.Value.Op.Type == OpType.Recover)
        {
            // V10r comes later; until then nothing makes a recovery epoch effective here.
            return new Refusal(
                VerificationFailure.RecoveryNotEffective, "epoch.op", "recovery epochs are not judged yet");
        }

        if (document.Vote is not { } vote)
        {
            return new Refusal(VerificationFailure.ThresholdNotMet, "epoch.vote", "no vote");
        }

        if (vote.Value.Phase != VotePhase.Commit)
        {
            return new Refusal(VerificationFailure.WrongPhase, "epoch.vote", $"phase {vote.Value.Phase}");
        }

        if (vote.Value.Digest != epoch.Digest || vote.Value.Epoch != epoch.Value.Number)
        {
            return new Refusal(VerificationFailure.ThresholdNotMet, "epoch.vote", "votes for another epoch");
        }

        return CertificateCheck.Votes(document.Raw.Vote, vote.Digest, previous, checks, out _)?.At("epoch.vote");
    }

    private static Refusal? CheckIssued(Epoch? previous, Epoch epoch, long now, long delta)
    {
        if (epoch.Issued < previous?.Issued)
        {
            return new Refusal(VerificationFailure.TimeRegression, "epoch.issued", "before its predecessor's");
        }

        return epoch.Issued > now + delta
            ? new Refusal(VerificationFailure.FromFuture, "epoch.issued", $"{epoch.Issued - now} ms ahead")
            : null;
    }
}
