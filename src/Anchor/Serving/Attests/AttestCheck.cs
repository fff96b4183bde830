using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Whether what another anchor of the segment signed is the Attest that was asked for: the verifier would refuse the
/// whole answer for one that is not (V33). Stateless.
/// </summary>
internal static class AttestCheck
{
    /// <summary>Checks one.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="terms">The own decision, which the other one's must equal.</param>
    /// <param name="anchor">The anchor that was asked.</param>
    /// <param name="envelope">What it signed.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="attest">The Attest, where it holds.</param>
    internal static Refusal? Check(
        SegmentView view, AttestTerms terms, EpochAnchor anchor, Envelope envelope, long now, out MintedAttest attest)
    {
        attest = default;
        if (!Document.TryParse<Attest>(envelope.Payload, out var parsed, out var malformed))
        {
            return malformed;
        }

        if (envelope.Signatures is not [var signature] || signature.Kid != anchor.Seal.Kid)
        {
            return new Refusal(VerificationFailure.AttestationMismatch, anchor.Id, "not signed by its seal key alone");
        }

        var said = parsed.Value;
        var wanted = terms.Draft(view, now) with { Expires = said.Expires, Issued = said.Issued, Renew = said.Renew };
        if (!Document.Make(wanted).Payload.Span.SequenceEqual(parsed.Payload.Span))
        {
            return new Refusal(
                VerificationFailure.AttestationMismatch, anchor.Id, $"decided otherwise: {said.Decision}");
        }

        var policy = view.Epoch.Value.Policy;
        if (said.Issued > now + policy.ClockDelta || said.Expires - said.Issued > terms.Longest(policy))
        {
            return new Refusal(
                VerificationFailure.AttestationMismatch, anchor.Id, $"from {said.Issued} to {said.Expires}");
        }

        if (said.Expires <= now + policy.ClockDelta)
        {
            return new Refusal(VerificationFailure.AttestationExpired, anchor.Id, $"expired at {said.Expires}");
        }

        if (new SignatureBudget(1).Verify(anchor.Seal, parsed.Digest, signature.Value.Span) is { } refusal)
        {
            return refusal.At(anchor.Id);
        }

        attest = new MintedAttest(envelope, said.Issued, said.Expires, Math.Min(said.Renew, said.Expires));
        return null;
    }
}
