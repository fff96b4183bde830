using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <summary>When a verified answer may outlive its time (V58). Pure, thread-safe.</summary>
internal static class StaleRule
{
    /// <summary>How long a record that says nothing of it may be served beyond its time, in milliseconds.</summary>
    internal const long ContinuityDefault = 3_600_000;

    /// <summary>
    /// How long beyond the end of its time an answer may be served, in milliseconds: the smallest of what its record,
    /// the target's policy and the home's policy allow. 0 for a strict name, and for whatever is no record. A Set says
    /// nothing of it: each of its members is bounded by its own.
    /// </summary>
    internal static long ContinuityOf(VerifiedAnswer answer) => answer.Record is not null || answer.Set is not null
        ? Math.Min(
            answer.Record?.Continuity ?? ContinuityDefault,
            Math.Min(
                answer.Target.Epoch.Value.Policy.ContinuityMax, answer.Hops[0].Epoch.Value.Policy.ContinuityMax))
        : 0;

    /// <summary>
    /// Whether a failure says nothing of the name: no answer came, or one that will be better later. Everything else is
    /// a verification that failed, or an anchor's word that the asker lost its identity, and forbids to serve what is
    /// stale. A server with another key is as good as none: whoever can put it there can drop packets as well.
    /// </summary>
    internal static bool IsTransport(VerificationFailure failure) => failure
        is VerificationFailure.Behind or VerificationFailure.NotSealed or VerificationFailure.RateLimited
        or VerificationFailure.TransportKeyMismatch;
}
