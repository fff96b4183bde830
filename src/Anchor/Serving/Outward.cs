using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The failures of this anchor as a consumer hears them. What is wrong here and may be right at another anchor, or
/// later, is told as one of the retriable errors (V58, V64), with its own name in the detail: a consumer must never
/// take it for a verdict about the answer. Stateless.
/// </summary>
internal static class Outward
{
    /// <param name="refusal">The failure.</param>
    /// <param name="toPod">Whether a pod hears it. An anchor elsewhere is told what is over by its name: it concerns
    /// that name alone, and its other names stay where they are.</param>
    internal static Refusal Of(Refusal refusal, bool toPod = false) => refusal.Failure switch
    {
        VerificationFailure.RecordExpired or VerificationFailure.AttestationExpired when toPod =>
            As(VerificationFailure.NotSealed, refusal),
        VerificationFailure.AttestationMissing => As(VerificationFailure.NotSealed, refusal),
        VerificationFailure.BehindWitness => As(VerificationFailure.Behind, refusal),
        VerificationFailure.StateNotDurable => As(VerificationFailure.Behind, refusal),
        _ => refusal,
    };

    private static Refusal As(VerificationFailure retriable, Refusal refusal) =>
        new(retriable, refusal.Where, $"{refusal.Failure}: {refusal.Detail}");
}
