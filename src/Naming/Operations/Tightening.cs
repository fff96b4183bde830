namespace Fairlead.Naming.Operations;

/// <summary>
/// Whether an operation only takes something away from someone: such a one may be prepared without an operator where
/// the policy lists it, the others need an approval (4.4). What is not known to tighten loosens. Stateless,
/// thread-safe.
/// </summary>
public static class Tightening
{
    /// <summary>Asked of op policy and op credential.</summary>
    public static bool Is(EpochGround ground, EpochCandidate candidate)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(candidate);
        var (before, after) = (ground.Epoch.Value, candidate.Epoch.Value);
        foreach (var key in ground.Leaves.Leaves.Keys.Union(candidate.Leaves.Leaves.Keys))
        {
            var old = ground.Leaves.Leaves.GetValueOrDefault(key);
            var now = candidate.Leaves.Leaves.GetValueOrDefault(key);
            if (old?.Commitment != now?.Commitment && !Tightens(old?.Document, now?.Document))
            {
                return false;
            }
        }

        return before.Salt == after.Salt
            && before.MinVerifier == after.MinVerifier
            && after.Domains.All(before.Domains.Contains)
            && Tightens(before.Policy, after.Policy);
    }

    /// <summary>Asked of op join and op peer: whether it demands no less of a way that stands, and lets nobody name
    /// more: it writes no Scope.</summary>
    public static bool KeepsTerms(EpochGround ground, EpochCandidate candidate)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(candidate);
        foreach (var (key, now) in candidate.Leaves.Leaves)
        {
            var old = ground.Leaves.Leaves.GetValueOrDefault(key);
            if (old?.Commitment != now.Commitment
                && (now.Document is Scope || IsBelow(TermsOf(now.Document), TermsOf(old?.Document))))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsBelow(Terms? now, Terms? old) => old is not null && !(now?.MaxTtl <= old.MaxTtl);

    private static Terms? TermsOf(LeafDocument? leaf) => leaf switch
    {
        Link link => link.Terms,
        Peer peer => peer.Terms,
        _ => null,
    };

    // A removed allow with constraints may loosen: the constraints of all that match hold together.
    private static bool Tightens(LeafDocument? old, LeafDocument? now) => (old, now) switch
    {
        (Credential, null) => true,
        (null, Rule { Effect: RuleEffect.Deny }) => true,
        (Rule { Effect: RuleEffect.Allow, Constraints: null }, null) => true,
        _ => false,
    };

    private static bool Tightens(Policy before, Policy after)
    {
        var lowered = before with
        {
            ContinuityMax = Math.Min(before.ContinuityMax, after.ContinuityMax),
            Grace = Math.Min(before.Grace, after.Grace),
            IntroductionMaxAge = Math.Min(before.IntroductionMaxAge, after.IntroductionMaxAge),
            MaxHops = Math.Min(before.MaxHops, after.MaxHops),
            MaxTtl = Math.Min(before.MaxTtl, after.MaxTtl),
            NegativeTtl = Math.Min(before.NegativeTtl, after.NegativeTtl),
            Refuse = before.Refuse.All(after.Refuse.Contains) ? after.Refuse : before.Refuse,
            RequireScope = before.RequireScope ?? after.RequireScope,
            Rules = after.Rules,
        };
        return Hashes.Policy(lowered) == Hashes.Policy(after);
    }
}
