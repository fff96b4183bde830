using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>What an Attest says, without its times. Immutable.</summary>
/// <param name="Role"><c>home</c>, <c>transit</c> or <c>target</c>.</param>
/// <param name="Decision"><c>allow</c> or <c>deny</c>.</param>
/// <param name="Home">The consumer's segment.</param>
/// <param name="Subject">The consumer.</param>
/// <param name="Scope">The names it is about.</param>
/// <param name="Next">The segment that the hop leads to; null in the last hop.</param>
/// <param name="Rule">The deciding Rule's digest, where a Rule decided.</param>
/// <param name="Constraints">What limits the answer.</param>
internal sealed record AttestTerms(
    string Role, string Decision, Digest Home, Digest? Subject, NamePattern Scope, Digest? Next, Digest? Rule, Constraints? Constraints);
