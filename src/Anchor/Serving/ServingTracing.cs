using System.Diagnostics;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The span of one hop: from a question on a stream to its first answer, under the span of who asked (W3C Trace
/// Context). Where nobody listens there is none. Thread-safe.
/// </summary>
internal static class ServingTracing
{
    private static readonly ActivitySource Source = new("Fairlead.Anchor");

    /// <summary>Starts a hop's span; it is nobody's current one.</summary>
    internal static Activity? Start(AskedQuestion question, SegmentView view, string traceParent)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var outer = Activity.Current;
        Activity.Current = null;
        _ = ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent);
        var span = Source.StartActivity("hop", ActivityKind.Server, parent);
        Activity.Current = outer;
        return span?.SetTag("fairlead.segment", view.Name.Text)
            .SetTag("fairlead.name", question.Query.Value.Name.Text)
            .SetTag("fairlead.consumer.segment", question.Consumer.Home.ToString())
            .SetTag("fairlead.epoch", view.Epoch.Value.Number);
    }

    /// <summary>Ends it with an answer.</summary>
    internal static void End(Activity? span, UnverifiedAnswer answer) =>
        span?.SetTag("fairlead.hops", answer.Hops.Length).Stop();

    /// <summary>Ends it with what was wrong.</summary>
    internal static void End(Activity? span, Refusal refusal) =>
        span?.SetTag("error.type", refusal.Failure.ToString()).SetStatus(ActivityStatusCode.Error).Stop();
}
