using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// V38: what two documents prove against a segment's keys. Two conflicting certificates quarantine the segment until a
/// newer epoch; two conflicting statements of one key exclude its anchor until then, so that one key stops nobody
/// else. Evidence of an older epoch changes nothing. Pure, thread-safe.
/// </summary>
public static class EvidenceCheck
{
    /// <summary>Judges evidence.</summary>
    /// <param name="state">What the verifier remembers.</param>
    /// <param name="evidence">The evidence as it came.</param>
    /// <param name="cache">What was verified before.</param>
    /// <returns>
    /// The next state, to be made durable before it is used (V39), the same one where nothing new is proven, which
    /// costs no verification; or the first error: a form or signature error,
    /// <see cref="EpochUnknown"/>, <see cref="EvidenceStale"/>, or <see cref="BadEnvelope"/> where the two do not
    /// contradict each other.
    /// </returns>
    public static (VerifierState? Next, Refusal? Refusal) Check(
        VerifierState state, Contradiction evidence, VerifiedCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(evidence);
        if (state.Segments.GetValueOrDefault(evidence.Segment) is not { } segment)
        {
            return (null, new Refusal(EpochUnknown, "evidence", $"nothing is held of {evidence.Segment}"));
        }

        var (next, refusal) = Check(segment, evidence, cache);
        if (next is null)
        {
            return (null, refusal);
        }

        var draft = new StateDraft(state);
        draft.Write(segment.Genesis, next);
        return (draft.State, null);
    }

    /// <summary>The same for one segment.</summary>
    /// <param name="segment">What is held of the segment.</param>
    /// <param name="evidence">The evidence as it came.</param>
    /// <param name="cache">What was verified before.</param>
    /// <returns>As for a whole state.</returns>
    public static (SegmentState? Next, Refusal? Refusal) Check(
        SegmentState segment, Contradiction evidence, VerifiedCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(segment);
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Segment != segment.Genesis)
        {
            return (null, new Refusal(WrongSegment, "evidence", $"of {evidence.Segment}"));
        }

        if ((Size(evidence.First) ?? Size(evidence.Second)) is { } large)
        {
            return (null, large);
        }

        var checks = new SignatureChecks(cache);
        var (accused, refusal) = evidence.Kind switch
        {
            ContradictionKind.Certificates => Certificates(segment, evidence, checks),
            ContradictionKind.SealVotes => SealVotes(segment, evidence, checks),
            ContradictionKind.EpochVotes => EpochVotes(segment, evidence, checks),
            ContradictionKind.Attests => Attests(segment, evidence, checks),
            ContradictionKind.EpochCertificates => EpochCertificates(segment, evidence, checks),
            _ => (null, new Refusal(BadEnvelope, "kind", $"kind {(int)evidence.Kind}")),
        };
        return refusal is not null ? (null, refusal.At("evidence"))
            : segment.IsAccused(accused) ? (segment, null)
            : (segment.Accuse(accused, evidence), null);
    }

    // V1 of the whole, with its signatures.
    private static Refusal? Size(Envelope envelope)
    {
        long size = envelope.Payload.Length;
        foreach (var signature in envelope.Signatures)
        {
            size += Digest.Size + signature.Value.Length;
        }

        return size > Limits.EnvelopeBytes ? new Refusal(TooLarge, "evidence", $"{size} bytes") : null;
    }

    // Nobody alone is accused: the whole quorum said two things.
    private static (string? Anchor, Refusal? Refusal) Certificates(
        SegmentState segment, Contradiction evidence, SignatureChecks checks)
    {
        if (Read<Seal>(evidence, out var first, out var second) is { } form)
        {
            return (null, form);
        }

        if (Slot(segment, first!, second!) is { } slot)
        {
            return (null, slot);
        }

        var epoch = segment.Newest.Value;
        return (null, segment.IsQuarantined ? null
            : CertificateCheck.Seal(evidence.First, first!, epoch, checks, out _)?.At("first")
            ?? CertificateCheck.Seal(evidence.Second, second!, epoch, checks, out _)?.At("second"));
    }

    // Two epochs of one number, whichever of them is held (V14): the quorum before certified both. Their votes name
    // them by digest, which is all that is needed to see that they differ.
    private static (string? Anchor, Refusal? Refusal) EpochCertificates(
        SegmentState segment, Contradiction evidence, SignatureChecks checks)
    {
        if (Read<Vote>(evidence, out var first, out var second) is { } form)
        {
            return (null, form);
        }

        var (a, b) = (first!.Value, second!.Value);
        var refusal = Place(segment, a.Segment, a.Epoch)
            ?? (a.Segment == b.Segment && a.Epoch == b.Epoch && a.Digest != b.Digest ? null : NoConflict());
        if (refusal is not null || segment.IsQuarantined)
        {
            return (null, refusal);
        }

        if (a.Phase != VotePhase.Commit || b.Phase != VotePhase.Commit)
        {
            return (null, new Refusal(WrongPhase, "", "an epoch is certified by commit votes"));
        }

        return segment.EpochOf(a.Epoch - 1)?.Value is { } before
            ? (null, CertificateCheck.Votes(evidence.First, first.Digest, before, checks, out _)?.At("first")
                ?? CertificateCheck.Votes(evidence.Second, second.Digest, before, checks, out _)?.At("second"))
            : (null, new Refusal(EpochUnknown, "", $"epoch {a.Epoch - 1} is not held as a document"));
    }

    private static (string? Anchor, Refusal? Refusal) SealVotes(
        SegmentState segment, Contradiction evidence, SignatureChecks checks) =>
        Read<Seal>(evidence, out var first, out var second) is { } form ? (null, form)
            : Slot(segment, first!, second!) is { } other ? (null, other)
            : OneKey(segment, evidence, first!.Digest, second!.Digest, KeyRole.Seal, checks);

    private static (string? Anchor, Refusal? Refusal) EpochVotes(
        SegmentState segment, Contradiction evidence, SignatureChecks checks)
    {
        if (Read<Vote>(evidence, out var first, out var second) is { } form)
        {
            return (null, form);
        }

        // The gov keys of one epoch vote for the next one.
        var (a, b) = (first!.Value, second!.Value);
        var refusal = Place(segment, a.Segment, a.Epoch - 1)
            ?? (a.Segment == b.Segment && (a.Epoch, a.Round, a.Phase) == (b.Epoch, b.Round, b.Phase)
                && a.Digest != b.Digest ? null : NoConflict());
        return refusal is not null
            ? (null, refusal)
            : OneKey(segment, evidence, first.Digest, second.Digest, KeyRole.Gov, checks);
    }

    // A decision is a function of the policy and of who asks for what: it has one outcome.
    private static (string? Anchor, Refusal? Refusal) Attests(
        SegmentState segment, Contradiction evidence, SignatureChecks checks)
    {
        if (Read<Attest>(evidence, out var first, out var second) is { } form)
        {
            return (null, form);
        }

        var (a, b) = (first!.Value, second!.Value);
        var refusal = Place(segment, a.Segment, a.Epoch)
            ?? (a.Segment == b.Segment && (a.Epoch, a.Role, a.Home, a.Policy) == (b.Epoch, b.Role, b.Home, b.Policy)
                && a.Subject == b.Subject && a.Scope.Text == b.Scope.Text && a.Decision != b.Decision
                    ? null : NoConflict());
        return refusal is not null
            ? (null, refusal)
            : OneKey(segment, evidence, first.Digest, second.Digest, KeyRole.Seal, checks);
    }

    private static Refusal? Read<T>(Contradiction evidence, out Parsed<T>? first, out Parsed<T>? second)
        where T : Document, IDocument<T>
    {
        second = null;
        return !Document.TryParse(evidence.First.Payload, out first, out var refusal) ? refusal.At("first")
            : !Document.TryParse(evidence.Second.Payload, out second, out refusal) ? refusal.At("second")
            : null;
    }

    private static Refusal? Slot(SegmentState segment, Parsed<Seal> first, Parsed<Seal> second)
    {
        var (a, b) = (first.Value, second.Value);
        return Place(segment, a.Segment, a.Epoch)
            ?? (a.Segment == b.Segment && (a.Epoch, a.Seq) == (b.Epoch, b.Seq) && first.Digest != second.Digest
                ? null
                : NoConflict());
    }

    private static Refusal? Place(SegmentState segment, Digest of, long epoch) =>
        of != segment.Genesis ? new Refusal(WrongSegment, "", $"of {of}")
            : epoch < segment.NewestNumber
                ? new Refusal(EvidenceStale, "", $"of epoch {epoch}; the newest is {segment.NewestNumber}")
            : epoch > segment.NewestNumber
                ? new Refusal(EpochUnknown, "", $"of epoch {epoch}; the newest held is {segment.NewestNumber}")
            : null;

    private static Refusal NoConflict() => new(BadEnvelope, "", "the two do not contradict each other");

    // V6, V7, V5: one signature each, by one key of that role.
    private static (string? Anchor, Refusal? Refusal) OneKey(
        SegmentState segment, Contradiction evidence, Digest first, Digest second, KeyRole role, SignatureChecks checks)
    {
        if (evidence.First.Signatures is not [var one] || evidence.Second.Signatures is not [var two])
        {
            return (null, new Refusal(TooManySignatures, "", "a statement has exactly one signature"));
        }

        var keys = EpochKeys.For(segment.Newest.Value);
        if (one.Kid != two.Kid || !keys.TryFind(one.Kid, out var key, out var found, out var anchor))
        {
            return (null, new Refusal(ThresholdNotMet, "", "not two statements of one key of that epoch"));
        }

        // Known already: more of it is not verified again.
        if (found == role && anchor is not null && segment.IsExcluded(anchor.Id))
        {
            return (anchor.Id, null);
        }

        return found != role || anchor is null
            ? (null, new Refusal(WrongKeyRole, "", $"{key.Kid} is a {found} key, not {role}"))
            : (anchor.Id, CertificateCheck.VerifyAll([one], first, _ => key, checks)?.At("first")
                ?? CertificateCheck.VerifyAll([two], second, _ => key, checks)?.At("second"));
    }
}
