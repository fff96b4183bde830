using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>One slot of this leader: what it proposed and what came back.</summary>
/// <param name="Candidate">The proposed seal and state.</param>
/// <param name="Sent">When, by <see cref="EngineClock.Elapsed"/>.</param>
internal sealed record Proposal(Candidate Candidate, long Sent)
{
    /// <summary>Whether it puts Witnesses.</summary>
    internal bool HasWitnesses { get; } = Candidate.Puts.Any(put => put.IsWitness);

    /// <summary>The votes so far, by anchor.</summary>
    internal Dictionary<string, SignatureEntry> Votes { get; } = new(StringComparer.Ordinal);

    /// <summary>Who refused.</summary>
    internal HashSet<string> Refusals { get; } = new(StringComparer.Ordinal);
}
