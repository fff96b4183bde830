using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>Whether the keys that an epoch adds agreed to serve in it (V8, V10). Stateless, thread-safe.</summary>
internal static class ConsentRules
{
    /// <summary>Every gov and seal key of epoch 0 consents to it; else <c>GenesisMismatch</c>.</summary>
    internal static Refusal? CheckGenesis(ParsedEpochDocument document, ISignatureChecks checks) =>
        Check(
            document.Epoch,
            document.Raw.Consent,
            document.Consent,
            [.. Serving(document.Epoch.Value).Select(entry => entry.Key)],
            [],
            0,
            VerificationFailure.GenesisMismatch,
            checks);

    /// <summary>Where anchors, quorum or recovery differ: every gov and seal key that the predecessor lacks, and other
    /// gov keys up to the new threshold; else <c>NewSetNotConsenting</c>.</summary>
    internal static Refusal? CheckSuccessor(Epoch previous, ParsedEpochDocument document, ISignatureChecks checks)
    {
        var epoch = document.Epoch.Value;
        if (!EpochDifference.ChangesGovernment(previous, epoch))
        {
            return None(document.Raw.Consent, "consent");
        }

        var before = Serving(previous).Select(entry => (entry.Key.Kid, entry.Role)).ToHashSet();
        var added = Serving(epoch).Where(entry => !before.Contains((entry.Key.Kid, entry.Role))).ToList();
        var addedGov = added.Count(entry => entry.Role == KeyRole.Gov);
        var others = epoch.Anchors.Select(anchor => anchor.Gov).Except(added.Select(entry => entry.Key));
        return Check(
            document.Epoch,
            document.Raw.Consent,
            document.Consent,
            [.. added.Select(entry => entry.Key)],
            [.. others],
            (int)Math.Max(0, epoch.Quorum.TGov - addedGov),
            VerificationFailure.NewSetNotConsenting,
            checks);
    }

    /// <summary>Where recovery differs from a predecessor that has recovery keys: threshold of them; else
    /// <c>RecoveryKeysNotConsenting</c>.</summary>
    internal static Refusal? CheckRecovery(Epoch previous, ParsedEpochDocument document, ISignatureChecks checks)
    {
        if (previous.Recovery is not { } recovery
            || !EpochDifference.ChangesRecovery(previous, document.Epoch.Value))
        {
            return None(document.Raw.RecoveryConsent, "recovery_consent");
        }

        return Check(
            document.Epoch,
            document.Raw.RecoveryConsent,
            document.RecoveryConsent,
            [],
            recovery.Keys,
            (int)recovery.Threshold,
            VerificationFailure.RecoveryKeysNotConsenting,
            checks,
            EpochKeys.Of(previous));
    }

    private static Refusal? Check(
        Parsed<Epoch> epoch,
        Envelope envelope,
        Parsed<Consent>? consent,
        ImmutableArray<PublicKey> required,
        ImmutableArray<PublicKey> others,
        int otherCount,
        VerificationFailure tooFew,
        ISignatureChecks checks,
        IEnumerable<(PublicKey Key, KeyRole Role, EpochAnchor? Anchor)>? roles = null)
    {
        var signatures = envelope.Signatures;
        if (CertificateCheck.CheckOrder(signatures, Limits.ConsentSignatures) is { } form)
        {
            return form.At("consent");
        }

        // A consent to something else counts for nothing.
        if (consent is null || consent.Value.Digest != epoch.Digest || consent.Value.Epoch != epoch.Value.Number)
        {
            return required.Length + otherCount == 0
                ? None(envelope, "consent")
                : new Refusal(tooFew, "consent", "no consent to this epoch");
        }

        // A key that stands in two roles may consent in one of them: that it stands twice is V11's to refuse.
        var allowed = required.Concat(others).ToDictionary(key => key.Kid);
        foreach (var (key, role, _) in roles ?? EpochKeys.Of(epoch.Value))
        {
            var wrong = roles is null ? role is KeyRole.Tls or KeyRole.Recovery : role is not KeyRole.Recovery;
            if (wrong && !allowed.ContainsKey(key.Kid) && signatures.Any(signature => signature.Kid == key.Kid))
            {
                return new Refusal(VerificationFailure.WrongKeyRole, "consent", $"{key.Kid} is a {role} key");
            }
        }

        var missing = required.Count(key => !signatures.Any(signature => signature.Kid == key.Kid));
        var given = others.Count(key => signatures.Any(signature => signature.Kid == key.Kid));
        if (missing > 0 || given < otherCount)
        {
            return new Refusal(tooFew, "consent", $"{missing} required keys missing, {given} of {otherCount} others");
        }

        return signatures.Length != required.Length + otherCount
            ? new Refusal(VerificationFailure.TooManySignatures, "consent", $"{signatures.Length} signatures")
            : CertificateCheck.VerifyAll(signatures, consent.Digest, kid => allowed[kid], checks)?.At("consent");
    }

    private static Refusal? None(Envelope envelope, string where) =>
        envelope.IsNone
            ? null
            : new Refusal(VerificationFailure.TooManySignatures, where, "a consent where none is needed");

    // The keys of an epoch are compared before V11 is asked of them, so one may stand twice: it consents once, and its
    // first role counts.
    private static IEnumerable<(PublicKey Key, KeyRole Role)> Serving(Epoch epoch) =>
        EpochKeys.Of(epoch).Where(entry => entry.Role is KeyRole.Gov or KeyRole.Seal)
            .Select(entry => (entry.Key, entry.Role)).DistinctBy(entry => entry.Key.Kid);
}
