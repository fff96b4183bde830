using Fairlead.Resolver;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Answers a question about a name within the zones: a pure function of the name's state. NXDOMAIN only where absence
/// is proven, or where the name is one that no segment can hold; a denial is the same for names that exist and names
/// that do not, and is never made an absence (trust 4.8).
/// </summary>
internal static class NameAnswers
{
    private const string ClusterSetVersion = "1.0.0";

    /// <summary>The reply.</summary>
    /// <param name="question">Of class IN, its name that of the target.</param>
    /// <param name="target">The name, taken apart.</param>
    /// <param name="view">The state of the target's service; null for a target without one.</param>
    /// <param name="context">Time and bounds.</param>
    internal static DnsReply Answer(DnsQuestion question, DnsTarget target, NameView? view, AnswerContext context) =>
        target.Kind switch
        {
            DnsTargetKind.Impossible => DnsReply.NoName(target.Zone, context.TtlMax),
            DnsTargetKind.Apex when question.Type == DnsType.SOA =>
                DnsReply.Of(DnsData.Authority(target.Zone, context.TtlMax) with { Name = question.Name }),
            DnsTargetKind.Version when question.Type == DnsType.TXT =>
                DnsReply.Of(DnsData.Texts(question.Name, context.TtlMax, [ClusterSetVersion])),
            DnsTargetKind.Apex or DnsTargetKind.Between or DnsTargetKind.Version when question.Type == DnsType.ANY =>
                DnsReply.Of(DnsData.NotAny(question.Name, context.TtlMax)),
            DnsTargetKind.Apex or DnsTargetKind.Between or DnsTargetKind.Version =>
                DnsReply.NoData(target.Zone, context.TtlMax),
            _ => OfState(question, target, view!, context),
        };

    private static DnsReply OfState(DnsQuestion question, DnsTarget target, NameView view, AnswerContext context)
    {
        // The cache says by its next step what the clock says already.
        var isOver = view.State is NameState.Fresh or NameState.Stale or NameState.Absent or NameState.Denied
            && view.ExpiresAt <= context.Now;
        return (isOver ? NameState.Expired : view.State) switch
        {
            NameState.Fresh => ServiceAnswers.Answer(question, target, view, context, isStale: false),
            NameState.Stale => Marked(ServiceAnswers.Answer(question, target, view, context, isStale: true)),
            NameState.Absent => DnsReply.NoName(target.Zone, context.Ttl(view, isStale: false)),
            NameState.Denied => DnsReply.Failed(
                DnsRcode.Refused, ExtendedErrorCode.Prohibited, "denied: a segment on the path refuses this consumer"),
            NameState.Pending => DnsReply.Failed(
                DnsRcode.ServFail, ExtendedErrorCode.NotReady, "pending: its traversal has not ended"),
            var state => Unavailable(state, view),
        };
    }

    // A failure is no stale answer, whatever it was made from.
    private static DnsReply Marked(DnsReply reply) => reply.Rcode == DnsRcode.ServFail ? reply : reply with
    {
        Errors = [new ExtendedError(ExtendedErrorCode.StaleAnswer, "stale"), .. reply.Errors],
    };

    // Why an answer was refused names the check and nothing else: details are for the operator, on the admin page.
    private static DnsReply Unavailable(NameState state, NameView view)
    {
        var word = state == NameState.Expired ? "expired" : "unreachable";
        if (view.Failure is not { } failure)
        {
            return DnsReply.Failed(
                DnsRcode.ServFail, ExtendedErrorCode.NoReachableAuthority, $"{word}: nothing newer was heard");
        }

        var (code, why) = FailureKinds.Of(failure) switch
        {
            FailureKind.Transport => (ExtendedErrorCode.NoReachableAuthority, ""),
            FailureKind.Room => (ExtendedErrorCode.Other, "too many names are held: "),
            FailureKind.Own => (ExtendedErrorCode.Other, "this sidecar cannot judge answers: "),
            FailureKind.Identity => (ExtendedErrorCode.Other, "the anchors do not know this consumer: "),
            _ => (ExtendedErrorCode.Other, "the answers were refused: "),
        };
        return DnsReply.Failed(DnsRcode.ServFail, code, $"{word}: {why}{failure.Failure}");
    }
}
