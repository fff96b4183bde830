using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// V11: whether an epoch's anchors and thresholds keep what they promise. Any two certificates share more than F
/// signers (2T - W &gt; F), and a certificate is possible without F anchors (T &lt;= W - F). Stateless, thread-safe.
/// </summary>
public static class QuorumRules
{
    /// <summary><c>DuplicateKey</c>, <c>BadQuorumParams</c>, <c>PolicyOutOfRange</c>, <c>AssuranceTooLow</c>, or
    /// null.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="refused">Tags that the home's policy refuses.</param>
    public static Refusal? Check(Epoch epoch, ImmutableArray<string> refused)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return CheckKeys(epoch)
            ?? CheckThresholds(epoch)
            ?? CheckGroups(epoch, epoch.Quorum.GovGroups, epoch.Quorum.TGov, 0)
            ?? CheckGroups(epoch, epoch.Quorum.SealGroups, epoch.Quorum.TSeal, epoch.Quorum.F)
            ?? CheckAssurance(epoch)
            ?? CheckRecovery(epoch.Recovery)
            ?? PolicyRules.Check(epoch.Policy, epoch.Expires - epoch.Issued)
            ?? CheckRefused(epoch, refused);
    }

    /// <summary>Whether (W, F, T) keep both promises.</summary>
    public static bool IsSafeAndLive(long anchors, long f, long threshold) =>
        (2 * threshold) - anchors > f && threshold <= anchors - f;

    private static Refusal? CheckKeys(Epoch epoch)
    {
        var seen = new HashSet<Digest>();
        foreach (var (key, role, anchor) in EpochKeys.Of(epoch))
        {
            if (!seen.Add(key.Kid))
            {
                return new Refusal(
                    VerificationFailure.DuplicateKey, "epoch",
                    $"the {role} key of {anchor?.Id ?? "recovery"} stands twice");
            }
        }

        return null;
    }

    private static Refusal? CheckThresholds(Epoch epoch)
    {
        var quorum = epoch.Quorum;
        var n = epoch.Anchors.Length;
        if (n is 0 or > Limits.Anchors || epoch.Anchors.Any(anchor => anchor.Weight != 1))
        {
            return Bad("1 to 16 anchors of weight 1");
        }

        // Bounds first: the sums below cannot overflow.
        if (quorum.F > n || quorum.TGov > n || quorum.TSeal > n)
        {
            return Bad("more signers or faults than anchors");
        }

        if (!IsSafeAndLive(n, quorum.F, quorum.TGov) || !IsSafeAndLive(n, quorum.F, quorum.TSeal))
        {
            return Bad(
                "2T - W > F and T <= W - F do not hold for "
                + $"W={n}, F={quorum.F}, t_gov={quorum.TGov}, t_seal={quorum.TSeal}");
        }

        return quorum.Attest is >= 1 && quorum.Attest <= n ? null : Bad($"attest {quorum.Attest} of {n}");
    }

    private static Refusal? CheckGroups(Epoch epoch, ImmutableArray<GroupMinimum> groups, long threshold, long spare)
    {
        long sum = 0;
        foreach (var group in groups)
        {
            sum += Math.Min(group.Min, Limits.Anchors + 1);
            var size = epoch.Anchors.Count(anchor => anchor.Group == group.Group);
            if (group.Min == 0 || group.Min > size - spare)
            {
                return Bad($"group {group.Group} has {size} anchors, minimum {group.Min}, {spare} to spare");
            }
        }

        return sum <= threshold ? null : Bad($"group minima add up to {sum}, above the threshold {threshold}");
    }

    private static Refusal? CheckAssurance(Epoch epoch)
    {
        var tags = Assurance.Of(epoch.Anchors, epoch.Quorum.F, epoch.Quorum.TGov, epoch.Quorum.TSeal);
        return tags.SequenceEqual(epoch.Quorum.Assurance)
            ? null
            : Bad($"assurance is [{string.Join(", ", epoch.Quorum.Assurance)}], computed [{string.Join(", ", tags)}]");
    }

    private static Refusal? CheckRecovery(Recovery? recovery)
    {
        if (recovery is null)
        {
            return null;
        }

        return recovery.Threshold < 1 || recovery.Threshold > recovery.Keys.Length
            ? Bad($"recovery threshold {recovery.Threshold} of {recovery.Keys.Length}")
            : recovery.Delay < Limits.RecoveryDelayMin
                ? new Refusal(VerificationFailure.PolicyOutOfRange, "epoch.recovery.delay", $"{recovery.Delay} ms")
                : null;
    }

    /// <summary>Whether an epoch has a tag that is refused: <c>AssuranceTooLow</c>, or null.</summary>
    public static Refusal? CheckRefused(Epoch epoch, ImmutableArray<string> refused)
    {
        foreach (var tag in refused)
        {
            if (epoch.Quorum.Assurance.Contains(tag))
            {
                return new Refusal(
                    VerificationFailure.AssuranceTooLow, "epoch.quorum.assurance", $"{tag} is refused here");
            }
        }

        return null;
    }

    private static Refusal Bad(string detail) => new(VerificationFailure.BadQuorumParams, "epoch.quorum", detail);
}
