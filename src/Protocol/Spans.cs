using System.Diagnostics;
using Fairlead.Naming;

namespace Fairlead.Protocol;

/// <summary>
/// Spans from a question on a stream to its answer: many run at once on one task, so none is the current one. Where
/// nobody listens there are none. Thread-safe.
/// </summary>
public static class Spans
{
    /// <summary>Starts a span.</summary>
    /// <param name="source">Whose it is.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="kind">Which side of the question it is.</param>
    /// <param name="traceParent">The span that it is under, as W3C's traceparent; what is none makes it the first of a
    /// trace.</param>
    public static Activity? Start(ActivitySource source, string name, ActivityKind kind, string? traceParent = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!source.HasListeners())
        {
            return null;
        }

        var outer = Activity.Current;
        Activity.Current = null;
        _ = ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent);
        var span = source.StartActivity(name, kind, parent);
        Activity.Current = outer;
        return span;
    }

    /// <summary>Ends a span with what was wrong, unless it has ended.</summary>
    public static void End(Activity? span, Refusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        if (span is { IsStopped: false })
        {
            span.SetTag("error.type", refusal.Failure.ToString()).SetStatus(ActivityStatusCode.Error).Stop();
        }
    }
}
