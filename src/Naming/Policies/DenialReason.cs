namespace Fairlead.Naming;

/// <summary>
/// Which Rule denied, for the operators of the segment whose Rule it is and for nobody else: no answer, Attest or key
/// is made of it. Immutable, thread-safe.
/// </summary>
/// <param name="Cause">Why.</param>
/// <param name="Rule">The Rule that decided, the lowest digest of several; null for <see cref="DenialCause.NoAllow"/>.
/// </param>
/// <param name="Subject">The first of its subjects that matches; null where it has none and speaks of all.</param>
/// <param name="Pattern">The first of its names that matches; null without a Rule.</param>
public sealed record DenialReason(
    DenialCause Cause, Parsed<Rule>? Rule = null, RuleSubject? Subject = null, NamePattern? Pattern = null);
