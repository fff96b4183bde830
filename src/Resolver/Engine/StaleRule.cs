using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <summary>When a verified answer may outlive its time (V58). Pure, thread-safe.</summary>
internal static class StaleRule
{
    /// <summary>How long a record that says nothing of it may be served beyond its time, in milliseconds.</summary>
    internal const long ContinuityDefault = 3_600_000;

    // What the word of an end takes to a client at the most.
    private const long Delivery = 50;
    private const long ShareOfLife = 8;

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

    /// <summary>Whether an answer's endpoints end with its time, whatever fails (a strict name).</summary>
    internal static bool IsStrict(VerifiedAnswer answer) =>
        (answer.Record is not null || answer.Set is not null) && ContinuityOf(answer) == 0;

    /// <summary>
    /// When an answer leaves the cache, and until when clients may be told to use it. Those of a strict name are told
    /// an end that they keep by themselves: it comes before the answer's own by what the word of it takes at the most,
    /// in steps of the notice, so that answers of nearly one time are told as one; and the answer is left a notice
    /// before that, so that what follows it is told before clients drop what they have. An answer of a short life gives
    /// up an eighth of it at the most for each of the three. All in monotonic milliseconds.
    /// </summary>
    internal static (long ExpiresAt, long EndsAt) EndOf(VerifiedAnswer answer, long end, long now, long notice)
    {
        if (notice == 0 || !IsStrict(answer))
        {
            return (end, end);
        }

        var step = Math.Clamp((end - now) / ShareOfLife, 1, notice);
        var told = (end - Math.Min(Delivery, step)) / step * step;
        return (told - step, told);
    }

    /// <summary>
    /// Whether a failure says nothing of the name: no answer came, or one that will be better later. Everything else is
    /// a verification that failed, or an anchor's word that the asker lost its identity, and forbids to serve what is
    /// stale.
    /// </summary>
    internal static bool IsTransport(VerificationFailure failure) =>
        FailureKinds.Of(failure) == FailureKind.Transport;
}
