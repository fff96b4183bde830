using System.Diagnostics;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;

namespace Fairlead.Anchor.Serving;

/// <summary>The spans of hops: of a name's, from a question on a stream to its first answer; of a transit's, while it
/// introduces; and of the home's walk to those. Each is under the span of who asked. Thread-safe.</summary>
internal static class ServingTracing
{
    private static readonly ActivitySource Source = new("Fairlead.Anchor");

    /// <summary>Starts a hop's span.</summary>
    internal static Activity? Start(AskedQuestion question, SegmentView view, string traceParent) =>
        Spans.Start(Source, "hop", ActivityKind.Server, traceParent)?
            .SetTag("fairlead.segment", view.Name.Text)
            .SetTag("fairlead.name", question.Query.Value.Name.Text)
            .SetTag("fairlead.consumer.segment", question.Consumer.Home.ToString())
            .SetTag("fairlead.epoch", view.Epoch.Value.Number);

    /// <summary>Ends it with an answer.</summary>
    internal static void End(Activity? span, UnverifiedAnswer answer) =>
        span?.SetTag("fairlead.hops", answer.Hops.Length).Stop();

    /// <summary>Starts the span of a transit's hop, under that of the call; what is asked of others meanwhile is under
    /// it.</summary>
    /// <param name="query">What is asked.</param>
    /// <param name="view">The own segment.</param>
    internal static Activity? StartTransit(Query query, SegmentView view) => Current(
        Spans.Start(Source, "hop", ActivityKind.Internal, Activity.Current?.Id)?
            .SetTag("fairlead.role", "transit")
            .SetTag("fairlead.segment", view.Name.Text)
            .SetTag("fairlead.name", query.Name.Text)
            .SetTag("fairlead.consumer.segment", query.Home.ToString())
            .SetTag("fairlead.epoch", view.Epoch.Value.Number));

    /// <summary>Ends it with what the transit said.</summary>
    internal static void EndTransit(Activity? span, UnverifiedAnswer answer) =>
        span?.SetTag("fairlead.outcome", answer.Result.ToString()).SetTag("fairlead.hops", answer.Hops.Length).Stop();

    /// <summary>Starts the span of a walk to another segment; what the transits are asked is under it.</summary>
    /// <param name="target">The segment.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="isRenewal">Whether nobody waits for it.</param>
    /// <param name="traceParent">The span that waits for it; null for none.</param>
    internal static Activity? StartWalk(SegmentName target, SegmentView view, bool isRenewal, string? traceParent) =>
        Current(Spans.Start(Source, "introduction", ActivityKind.Internal, traceParent)?
            .SetTag("fairlead.segment", view.Name.Text)
            .SetTag("fairlead.name", target.Text)
            .SetTag("fairlead.renewal", isRenewal));

    // Of the rest of the asynchronous method that it is called in.
    private static Activity? Current(Activity? span)
    {
        Activity.Current = span;
        return span;
    }
}
