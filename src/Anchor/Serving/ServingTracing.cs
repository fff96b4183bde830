using System.Diagnostics;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;

namespace Fairlead.Anchor.Serving;

/// <summary>The span of one hop: from a question on a stream to its first answer, under the span of who asked.
/// Thread-safe.</summary>
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
}
