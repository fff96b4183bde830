using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>What a proposal comes to: sign it, refuse it, or ask for the state it follows.</summary>
/// <param name="Refusal">Why it is not signed; null where it may be.</param>
/// <param name="Candidate">The recomputed state, where it got that far.</param>
/// <param name="Missing">Entries of signed states that it lacks, or Witnesses that cannot be checked here.</param>
/// <param name="Behind">The certified seal whose state must be fetched before the proposal can be judged.</param>
internal sealed record Verdict(
    Refusal? Refusal, Candidate? Candidate = null, IReadOnlyList<Entry>? Missing = null, Envelope? Behind = null);
