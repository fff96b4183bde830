using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// Whether signatures make a certificate: count and order (V6), roles (V7), form and truth (V5), groups (V10, V17), in
/// this order, for every hop and every document alike. Stateless, thread-safe.
/// </summary>
public static class CertificateCheck
{
    /// <summary>A seal's or handover's certificate: exactly t_seal seal keys of its epoch, seal_groups (V17).</summary>
    /// <param name="envelope">The signatures.</param>
    /// <param name="digest">The document's digest.</param>
    /// <param name="epoch">The epoch whose anchors signed.</param>
    /// <param name="checks">The budget.</param>
    /// <param name="signers">The ids of the signing anchors, in the order of their kids.</param>
    public static Refusal? Seal(
        Envelope envelope, Digest digest, Epoch epoch, ISignatureChecks checks, out ImmutableArray<string> signers)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return Quorum(
            envelope, digest, epoch, KeyRole.Seal, epoch.Quorum.TSeal, epoch.Quorum.SealGroups, checks, out signers);
    }

    /// <summary>As the other, for a parsed seal.</summary>
    public static Refusal? Seal(
        Envelope envelope, Parsed<Seal> seal, Epoch epoch, ISignatureChecks checks, out ImmutableArray<string> signers)
    {
        ArgumentNullException.ThrowIfNull(seal);
        return Seal(envelope, seal.Digest, epoch, checks, out signers);
    }

    /// <summary>An epoch's commit votes: exactly t_gov gov keys of the epoch before, gov_groups (V10).</summary>
    public static Refusal? Votes(
        Envelope envelope, Digest digest, Epoch epoch, ISignatureChecks checks, out ImmutableArray<string> signers)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return Quorum(
            envelope, digest, epoch, KeyRole.Gov, epoch.Quorum.TGov, epoch.Quorum.GovGroups, checks, out signers);
    }

    /// <summary>A statement that one anchor signs with its seal key (attest, grant, head): V6, V7, V5, in this
    /// order.</summary>
    /// <param name="envelope">The one signature.</param>
    /// <param name="digest">The document's digest.</param>
    /// <param name="epoch">The epoch whose anchors may sign.</param>
    /// <param name="stranger">The error where the key has no role in that epoch.</param>
    /// <param name="checks">The budget.</param>
    /// <param name="signer">The anchor that signed; null where it is refused.</param>
    public static Refusal? Statement(
        Envelope envelope,
        Digest digest,
        Epoch epoch,
        VerificationFailure stranger,
        ISignatureChecks checks,
        out EpochAnchor? signer)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(epoch);
        signer = null;
        var signatures = envelope.Signatures.IsDefault ? [] : envelope.Signatures;
        if (CheckOrder(signatures, Limits.Signatures) is { } form)
        {
            return form;
        }

        if (signatures is not [var signature])
        {
            return Bad(
                signatures.IsEmpty ? VerificationFailure.ThresholdNotMet : VerificationFailure.TooManySignatures,
                $"{signatures.Length} signatures, exactly 1 wanted");
        }

        foreach (var (key, role, anchor) in EpochKeys.Of(epoch))
        {
            if (key.Kid != signature.Kid)
            {
                continue;
            }

            if (role != KeyRole.Seal)
            {
                return Bad(VerificationFailure.WrongKeyRole, $"{key.Kid} is a {role} key, not {KeyRole.Seal}");
            }

            signer = anchor;
            return VerifyAll(signatures, digest, _ => key, checks);
        }

        return Bad(stranger, $"{signature.Kid} is no key of epoch {epoch.Number}");
    }

    /// <summary>V6's form of a list of signatures: not too many, ascending strictly by kid.</summary>
    public static Refusal? CheckOrder(ImmutableArray<SignatureEntry> signatures, int max)
    {
        if (signatures.Length > max)
        {
            return Bad(VerificationFailure.TooManySignatures, $"{signatures.Length} signatures, at most {max}");
        }

        for (var i = 1; i < signatures.Length; i++)
        {
            var order = signatures[i - 1].Kid.CompareTo(signatures[i].Kid);
            if (order >= 0)
            {
                return order == 0
                    ? Bad(VerificationFailure.DuplicateSigner, $"two signatures of {signatures[i].Kid}")
                    : Bad(VerificationFailure.SignatureOrder, "signatures do not ascend by kid");
            }
        }

        return null;
    }

    /// <summary>V5 of a list: the form of every signature, then the truth of each in order.</summary>
    /// <param name="signatures">The signatures.</param>
    /// <param name="digest">The document's digest.</param>
    /// <param name="keyOf">The key of a kid; every kid was found before.</param>
    /// <param name="checks">The budget.</param>
    public static Refusal? VerifyAll(
        ImmutableArray<SignatureEntry> signatures, Digest digest, Func<Digest, PublicKey> keyOf,
        ISignatureChecks checks)
    {
        ArgumentNullException.ThrowIfNull(keyOf);
        ArgumentNullException.ThrowIfNull(checks);
        foreach (var signature in signatures)
        {
            if (SignatureForm.Check(signature.Value.Span) is { } refusal)
            {
                return refusal;
            }
        }

        foreach (var signature in signatures)
        {
            if (checks.Verify(keyOf(signature.Kid), digest, signature.Value.Span) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private static Refusal? Quorum(
        Envelope envelope,
        Digest digest,
        Epoch epoch,
        KeyRole role,
        long threshold,
        ImmutableArray<GroupMinimum> groups,
        ISignatureChecks checks,
        out ImmutableArray<string> signers)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        signers = [];
        var signatures = envelope.Signatures;
        if (CheckOrder(signatures, Limits.Signatures) is { } form)
        {
            return form;
        }

        if (signatures.Length != threshold)
        {
            return Bad(
                signatures.Length < threshold
                    ? VerificationFailure.ThresholdNotMet
                    : VerificationFailure.TooManySignatures,
                $"{signatures.Length} signatures, exactly {threshold} wanted");
        }

        var keys = EpochKeys.For(epoch);
        var anchors = new EpochAnchor[signatures.Length];
        for (var i = 0; i < signatures.Length; i++)
        {
            if (!keys.TryFind(signatures[i].Kid, out _, out var found, out var anchor))
            {
                return Bad(
                    VerificationFailure.ThresholdNotMet, $"{signatures[i].Kid} is no key of epoch {epoch.Number}");
            }

            if (found != role || anchor is null)
            {
                return Bad(VerificationFailure.WrongKeyRole, $"{signatures[i].Kid} is a {found} key, not {role}");
            }

            anchors[i] = anchor;
        }

        if (VerifyAll(signatures, digest, kid => Key(keys, kid), checks) is { } refusal)
        {
            return refusal;
        }

        signers = [.. anchors.Select(anchor => anchor.Id)];
        return CheckGroups(anchors, groups);
    }

    private static Refusal? CheckGroups(EpochAnchor[] signers, ImmutableArray<GroupMinimum> groups)
    {
        foreach (var group in groups)
        {
            var count = signers.Count(anchor => anchor.Group == group.Group);
            if (count < group.Min)
            {
                return Bad(
                    VerificationFailure.GroupNotMet, $"{count} signers of group {group.Group}, at least {group.Min}");
            }
        }

        return null;
    }

    private static PublicKey Key(EpochKeys keys, Digest kid) =>
        keys.TryFind(kid, out var key, out _, out _) ? key : throw new InvalidOperationException("kid without key");

    private static Refusal Bad(VerificationFailure failure, string detail) => new(failure, "signatures", detail);
}
