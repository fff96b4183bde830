namespace Fairlead.Naming;

/// <summary>The caps of a policy (4.5), and what its lives need beside the clock tolerance. Stateless,
/// thread-safe.</summary>
public static class PolicyRules
{
    /// <summary><c>PolicyOutOfRange</c>, or null where every number is inside its cap.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="epochLife">expires - issued of its epoch, in ms.</param>
    public static Refusal? Check(Policy policy, long epochLife)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return Range("expires", epochLife, 1, Limits.EpochLife)
            ?? Range("attest_target", policy.AttestTarget, 1, Limits.AttestTargetMax)
            ?? Range("introduction_max_age", policy.IntroductionMaxAge, 1, Limits.IntroductionMax)
            ?? Range("attest_transit", policy.AttestTransit, 1, policy.IntroductionMaxAge)
            ?? Range("clock_delta", policy.ClockDelta, 0, Limits.ClockDeltaMax)
            ?? Range("continuity_max", policy.ContinuityMax, 0, Limits.ContinuityMax)
            ?? Range("grace", policy.Grace, 0, Limits.GraceMax)
            ?? Range("max_hops", policy.MaxHops, 1, Limits.Hops)
            ?? Range("max_record_life", policy.MaxRecordLife, 1, Limits.RecordLifeMax)
            ?? Range("max_ttl", policy.MaxTtl, 1, Limits.TtlMax)
            ?? Range("neg_ttl", policy.NegativeTtl, 0, Limits.NegativeTtlMax)
            ?? Range("seal_validity", policy.SealValidity, Limits.SealValidityMin, Limits.SealValidityMax)
            ?? Range("heartbeat", policy.Heartbeat, 1, policy.SealValidity / 3)
            ?? Range("require_scope", policy.RequireScope ?? 1, 1, 1);
    }

    /// <summary>
    /// <c>PolicyOutOfRange</c>, or null where every life is longer than what clocks may differ by. Asked of a policy
    /// that is new, by whoever makes it or votes for it; of one that is decided a verifier asks the caps alone, since
    /// nothing can mend an epoch of the past.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="before">The one before; null for none. One that is too short already is not held to it: other
    /// operations must go on.</param>
    public static Refusal? CheckLives(Policy policy, Policy? before = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return Lives(policy) is { } refusal && (before is null || Lives(before) is null) ? refusal : null;
    }

    /// <summary>
    /// <c>PolicyOutOfRange</c>, or null where <c>refuse</c> and <c>auto</c> name only what there is: a tag that no
    /// epoch has would refuse nobody and look as if it did. Asked like <see cref="CheckLives"/>: what the policy before
    /// names already is no fault of this one.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="before">The one before; null for none.</param>
    public static Refusal? CheckNames(Policy policy, Policy? before = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return Known("refuse", policy.Refuse, before?.Refuse ?? [], AssuranceTags.All)
            ?? Known("auto", policy.Auto, before?.Auto ?? [], OpType.Automatic);
    }

    private static Refusal? Known(
        string member, IEnumerable<string> names, IEnumerable<string> before, IReadOnlyList<string> known) =>
        names.Except(before).Except(known).FirstOrDefault() is { } unknown
            ? new Refusal(
                VerificationFailure.PolicyOutOfRange, $"epoch.policy.{member}",
                $"`{unknown}` is none of {string.Join(", ", known)}")
            : null;

    // A verifier's clock may be clock_delta ahead of the signer's, and it wants clock_delta left (V19, V26, V33, V57):
    // what has not more than both left is over where it comes. A seal is as old as a heartbeat before the next one
    // follows, and what is renewed at half of its life has the other half left.
    private static Refusal? Lives(Policy policy)
    {
        var clocks = 2 * policy.ClockDelta;
        return Life("seal_validity", policy.SealValidity, policy.Heartbeat + clocks, "heartbeat + 2 * clock_delta")
            ?? Life("attest_target", policy.AttestTarget, 2 * clocks, "4 * clock_delta")
            ?? Life("introduction_max_age", policy.IntroductionMaxAge, 2 * clocks, "4 * clock_delta")
            ?? Life("max_record_life", policy.MaxRecordLife, clocks, "2 * clock_delta");
    }

    private static Refusal? Life(string member, long value, long spent, string why) => value > spent
        ? null
        : new Refusal(
            VerificationFailure.PolicyOutOfRange, $"epoch.policy.{member}",
            $"{value} must be more than {spent}, which is {why}");

    private static Refusal? Range(string member, long value, long min, long max) =>
        value >= min && value <= max
            ? null
            : new Refusal(
                VerificationFailure.PolicyOutOfRange, $"epoch.policy.{member}", $"{value} is not within {min}..{max}");
}
