using Fairlead.Naming;

namespace Fairlead.Cli.Showing;

/// <summary>What the terms of the TTL formula and the errors of policy mean, in a sentence each. Stateless.</summary>
internal static class Bounds
{
    /// <summary>Why a term of the formula is there (trust 4.6).</summary>
    internal static string Of(string bound) => bound switch
    {
        "neg_ttl" => "how long a denial or an absence may be kept, by its segment's policy",
        "record_ttl" => "how long the publisher lets the record be kept",
        "target_policy" => "the longest time that the target's policy allows",
        "home_policy" => "the longest time that the home's policy allows",
        "attest_max" => "the cap of the rules that allow the asker",
        "terms" => "the cap of a link or peer on the path",
        "seal" => "the end of the target's seal; a newer one follows",
        "target_attest" or "home_attest" or "intro_attest" => "the end of a decision; it is made anew in time",
        "record_expires" => "the end of the record, which its publisher renews",
        "epoch" or "intro_epoch" => "the end of an epoch, which its anchors renew",
        "intro" => "the age up to which an introduction holds",
        "cap" => "the longest time that this program keeps an answer",
        _ => "a term of the formula",
    };

    /// <summary>What a refusal by policy or identity means for the asker; null where the error says it all.</summary>
    internal static string? Of(VerificationFailure failure) => failure switch
    {
        VerificationFailure.AssuranceTooLow =>
            "a segment on the path is worth less than the home's policy demands (policy.refuse)",
        VerificationFailure.TooManyHops => "the path is longer than a segment on it allows (policy.max_hops)",
        VerificationFailure.PolicyDenied => "a segment on the path refuses the asker",
        VerificationFailure.AttestationMismatch =>
            "an anchor decided otherwise than the rules that its segment sealed: for another asker, name or policy, or "
            + "without the caps and regions of the rule that it shows",
        VerificationFailure.AttestationMissing => "fewer anchors decided than the segment's epoch demands",
        VerificationFailure.SliceMismatch =>
            "endpoints came that the record does not name or the rules do not admit, or some are missing",
        VerificationFailure.AddressOutOfScope => "an address is not one that the home admits of that segment",
        VerificationFailure.SubjectUnknown =>
            "the home's anchors do not know who asks: no key on file, no SVID of a trust domain they know, no token",
        VerificationFailure.TokenAudience => "the token is made for another audience than the home's anchors",
        VerificationFailure.IntroductionExpired =>
            "the parents and peers that introduced the target did so too long ago",
        _ => null,
    };
}
