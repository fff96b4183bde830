using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The rules under which an anchor signs a seal (4.3.2 PROPOSE), in their order. Changes nothing but the memory of
/// proposed states.
/// </summary>
internal sealed class ProposalJudge(SealCore core)
{
    private readonly WitnessJudge _witnesses = new(core);

    internal Verdict Judge(string from, SealMessage.Propose proposal)
    {
        if (!StateClaim.TryParse(proposal.Seal, out var seal, out var unreadable))
        {
            return new Verdict(unreadable.At("proposal"));
        }

        var refusal = CheckTurn(from, proposal, seal) ?? CheckTimes(seal);
        if (refusal is not null)
        {
            return new Verdict(refusal);
        }

        if (FindBase(proposal, seal, out var state) is { } verdict)
        {
            return verdict;
        }

        var puts = new List<Entry>();
        refusal = CheckChanges(proposal, seal, state, puts);
        List<Entry> unknown = [];
        refusal ??= _witnesses.Check(proposal, seal, state, puts, out unknown);
        return refusal is not null
            ? new Verdict(refusal, Missing: unknown)
            : JudgeState(seal, state.Apply(puts, proposal.Drops), puts, proposal.Drops);
    }

    private static Refusal Refuse(VerificationFailure failure, string detail) => new(failure, "proposal", detail);

    private Refusal? CheckTurn(string from, SealMessage.Propose proposal, StateClaim seal)
    {
        if (proposal.Term != core.Turns.Term || core.Turns.Leader != from)
        {
            return Refuse(VerificationFailure.NotLeader, $"{core.Turns.Leader} leads term {core.Turns.Term}");
        }

        if (seal.Segment != core.Genesis)
        {
            return Refuse(VerificationFailure.WrongSegment, $"a seal of {seal.Segment}");
        }

        if (seal.Epoch != core.Epoch)
        {
            var failure = seal.Epoch < core.Epoch
                ? VerificationFailure.EpochSuperseded
                : VerificationFailure.EpochUnknown;
            return Refuse(failure, $"a seal of epoch {seal.Epoch}, the newest here is {core.Epoch}");
        }

        return CheckSuccession(seal) ?? (seal.Seq <= core.Signed.Last
            ? Refuse(VerificationFailure.SeqUsed, $"slot {seal.Seq}, signed up to {core.Signed.Last}")
            : null);
    }

    /// <summary>After a commit no seal is signed; with the certificate in hand, a handover to that epoch
    /// (V62).</summary>
    private Refusal? CheckSuccession(StateClaim claim)
    {
        if (core.Closed && !(core.IgnoresFence && claim.Seal is not null))
        {
            return Refuse(VerificationFailure.Fenced, $"epoch {core.Epoch} is handed over");
        }

        if (claim.Seal is { } seal)
        {
            if (seal.EpochDigest != core.EpochDigest)
            {
                return Refuse(VerificationFailure.EpochDigestMismatch, $"epoch {seal.Epoch} is another document here");
            }

            return core.Fenced && !core.IgnoresFence
                ? Refuse(VerificationFailure.Fenced, $"epoch {core.Epoch + 1} is committed here")
                : null;
        }

        return core.Successor is not { } next
            ? Refuse(VerificationFailure.EpochUnknown, $"epoch {core.Epoch + 1} is not decided here")
            : claim.Handover!.Next == next
                ? null
                : Refuse(VerificationFailure.EpochDigestMismatch,
                    $"hands over to {claim.Handover.Next}, decided is {next}");
    }

    private Refusal? CheckTimes(StateClaim seal)
    {
        var t = seal.Issued;
        if (seal.Seq > t - core.EpochIssued + core.Delta)
        {
            return Refuse(VerificationFailure.SeqTooFar, $"slot {seal.Seq} at {t - core.EpochIssued} ms of the epoch");
        }

        if (t > core.Now + core.Delta)
        {
            return Refuse(VerificationFailure.FromFuture, $"issued {t - core.Now} ms ahead");
        }

        if (t < core.Now - core.Delta)
        {
            return Refuse(VerificationFailure.TimeRegression, $"issued {core.Now - t} ms ago");
        }

        return seal.Seal is { Expires: var expires }
            && (expires <= t || expires - t > core.Validity || expires > core.EpochExpires)
                ? Refuse(VerificationFailure.SealValidityTooLong, $"valid {expires - t} ms, at most {core.Validity}")
                : null;
    }

    /// <summary>
    /// The prev must be a certified seal whose state is in hand; the first seal of an epoch follows the handover (V62).
    /// </summary>
    private Verdict? FindBase(SealMessage.Propose proposal, StateClaim seal, out LeafState state)
    {
        state = core.Chain.Start;
        if (proposal.Prev is not { } prev || IsHandover(prev))
        {
            if (seal.Prev != core.Chain.StartDigest)
            {
                return new Verdict(Refuse(
                    VerificationFailure.HandoverMissing, "neither the handover nor a certified seal is its prev"));
            }

            if (!core.Chain.IsStartKnown)
            {
                return new Verdict(Refuse(VerificationFailure.NotSealed, "the handover's state is not in hand"));
            }

            return seal.Issued >= core.Chain.StartIssued
                ? null
                : new Verdict(Refuse(VerificationFailure.TimeRegression, "issued before its epoch or handover"));
        }

        if (!StateClaim.TryParse(prev.Payload, out var known, out var unreadable))
        {
            return new Verdict(unreadable.At("prev"));
        }

        if (known.Digest != seal.Prev || known.Epoch != core.Epoch || known.Seq >= seal.Seq)
        {
            return new Verdict(Refuse(VerificationFailure.PrevMismatch, "the prev beside it is not the one it names"));
        }

        if (core.Chain.Certified(known.Digest) is { } certified)
        {
            state = certified.Candidate.State;
            return seal.Issued >= certified.Candidate.Claim.Issued
                ? null
                : new Verdict(Refuse(VerificationFailure.TimeRegression, "issued before its prev"));
        }

        if (core.Quorum.CheckCertificate(prev, known.Digest) is { } refusal)
        {
            return new Verdict(refusal.At("prev"));
        }

        return known.Seq > core.Chain.Seq
            ? new Verdict(null, Behind: prev)
            : new Verdict(Refuse(VerificationFailure.NotDominating, $"seal {core.Chain.Seq} is certified"));
    }

    /// <summary>Whether a proposal names the handover of the epoch before as its prev, and not a seal of this
    /// one.</summary>
    private bool IsHandover(Envelope prev) =>
        StateClaim.TryParse(prev.Payload, out var claim, out _)
        && claim.Handover is not null && claim.Epoch < core.Epoch;

    private Refusal? CheckChanges(SealMessage.Propose proposal, StateClaim seal, LeafState state, List<Entry> puts)
    {
        var t = seal.Issued;

        // Right behind its prev no slot can have failed, so that there is nothing to merge.
        var prev = seal.Prev is { } digest ? core.Chain.Certified(digest)?.Candidate.Seq ?? -1 : -1;
        var isMerge = seal.Seq > prev + 1;
        if (proposal.Puts.Count + proposal.Drops.Count > SealLimits.Changes)
        {
            return Refuse(VerificationFailure.TooLarge, $"{proposal.Puts.Count + proposal.Drops.Count} changes");
        }

        var names = new HashSet<EntryName>();
        foreach (var put in proposal.Puts.Where(put => !put.IsWitness))
        {
            if (core.Reader.Read(put, out var entry) is { } refusal)
            {
                return refusal.At("proposal");
            }

            refusal = EntryRules.CheckTime(entry!, t, core.Delta) ?? EntryRules.CheckEnd(entry!, core.Chain)
                ?? (isMerge
                    ? EntryRules.CheckOrder(entry!, state.Find(entry!.Name))
                    : EntryRules.CheckAgainst(entry!, state.Find(entry!.Name)));
            if (refusal is not null)
            {
                return refusal.At("proposal");
            }

            if (!names.Add(entry!.Name))
            {
                return Refuse(VerificationFailure.RecordRollback, $"{entry.Name} twice");
            }

            puts.Add(entry);
        }

        foreach (var drop in proposal.Drops)
        {
            if (!names.Add(drop) || state.Find(drop) is not { } held
                || !(held.IsDroppable(t, core.Delta) || (held.IsWitness && seal.Handover is not null)))
            {
                return Refuse(VerificationFailure.UnjustifiedRemoval, $"{drop} is not expired");
            }
        }

        return null;
    }

    private Verdict JudgeState(StateClaim seal, LeafState state, List<Entry> puts, IReadOnlyList<EntryName> drops)
    {
        var matches = state.Tree.Root == seal.Root && state.Tree.Count == seal.Count;
        Candidate? candidate = null;
        if (matches)
        {
            candidate = core.Chain.Candidate(seal.Digest) ?? new Candidate(
                seal, state, seal.Prev, false, puts, drops, core.Elapsed);
            core.Chain.Remember(candidate);
        }

        var ignores = core.IgnoresDominance || (core.HandsOverLess && seal.Handover is not null);
        var missing = ignores ? [] : Missing(seal, state);
        if (missing.Count > 0)
        {
            return new Verdict(
                Refuse(VerificationFailure.NotDominating, $"{missing[0].Name} is signed here"), candidate, missing);
        }

        if (!matches)
        {
            return new Verdict(Refuse(VerificationFailure.RootMismatch, $"recomputed {state.Tree.Root}"));
        }

        return core.Signed.InTerm >= SealLimits.SignaturesPerTerm
            ? new Verdict(Refuse(VerificationFailure.BudgetExceeded, "this term made no certificate so far"), candidate)
            : new Verdict(null, candidate);
    }

    /// <summary>
    /// What the state lacks of the states signed here and of the newest certified one. Over that one only the entries
    /// above it need a look; over an older prev, all do.
    /// </summary>
    private List<Entry> Missing(StateClaim seal, LeafState state)
    {
        var missing = core.Signed.Missing(state, seal.Issued, core.Delta);
        if (seal.Prev != core.Chain.Head
            && state.FirstNotDominated(core.Chain.State, seal.Issued, core.Delta) is { } entry)
        {
            missing.Add(entry);
        }

        return missing;
    }
}
