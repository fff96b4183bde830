using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>
/// Moves an operation that waited while another was decided onto the new epoch. It changes there exactly what it
/// changed before: the same members to the same values, the same leaves, the life to the same length. Every anchor
/// computes the same successor, so that an approval of the one is an approval of the other. Pure, thread-safe.
/// </summary>
public static class EpochRebase
{
    /// <summary>The same change on the new ground.</summary>
    /// <param name="old">The ground that the candidate followed.</param>
    /// <param name="candidate">The candidate.</param>
    /// <param name="decided">The ground that another operation made.</param>
    /// <param name="refusal">
    /// EpochSuperseded where the change cannot be the same: both changed one thing, it only prolonged, or it carries
    /// consents, which name its digest.
    /// </param>
    public static EpochProposal? Rebase(
        EpochGround old, EpochCandidate candidate, EpochGround decided, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(decided);
        refusal = null;
        var wanted = candidate.Epoch.Value;
        long? life = candidate.Life == old.Life || candidate.Life == decided.Life ? null : candidate.Life;
        var isRenewal = wanted.Op.Type == OpType.Renew;
        if ((isRenewal && life is null) || wanted.Op.Reason is not null
            || !candidate.Proposal.Consent.IsNone || !candidate.Proposal.RecoveryConsent.IsNone)
        {
            refusal = Superseded($"{wanted.Op.Type} does not outlive epoch {old.Epoch.Value.Number}");
            return null;
        }

        var draft = new CandidateDraft(decided, wanted.Issued, static () => default);
        if (Leaves(old, candidate, decided, draft) is { } name)
        {
            refusal = Superseded($"epoch {decided.Epoch.Value.Number} changed {name} too");
            return null;
        }

        var merge = new EpochMerge(old.Epoch.Value, wanted, decided.Epoch.Value);
        var merged = merge.Epoch();
        if (merge.Conflict is { } member)
        {
            refusal = Superseded($"epoch {decided.Epoch.Value.Number} changed {member} too");
            return null;
        }

        if (life is not null && decided.Life != old.Life)
        {
            refusal = Superseded($"epoch {decided.Epoch.Value.Number} changed life too");
            return null;
        }

        return draft.Build(wanted.Op.Type, _ => merged, mayBeEmpty: isRenewal, out refusal, life);
    }

    private static string? Leaves(
        EpochGround old, EpochCandidate candidate, EpochGround decided, CandidateDraft draft)
    {
        foreach (var key in old.Leaves.Leaves.Keys.Union(candidate.Leaves.Leaves.Keys))
        {
            var before = old.Leaves.Leaves.GetValueOrDefault(key);
            var wanted = candidate.Leaves.Leaves.GetValueOrDefault(key);
            if (before?.Commitment == wanted?.Commitment)
            {
                continue;
            }

            if (before?.Commitment != decided.Leaves.Leaves.GetValueOrDefault(key)?.Commitment)
            {
                return $"{key.Class} {key.Name}";
            }

            if (wanted is null)
            {
                draft.Remove(key.Class, key.Name);
            }
            else
            {
                draft.Keep(wanted);
            }
        }

        return null;
    }

    private static Refusal Superseded(string detail) => new(VerificationFailure.EpochSuperseded, "operation", detail);
}
