using System.Diagnostics;
using System.Globalization;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;

namespace Fairlead.Resolver.Home;

/// <summary>The span of a traversal: from a question to its first verified answer, with an event for each hop that was
/// verified. Thread-safe.</summary>
internal static class ResolverTracing
{
    private static readonly ActivitySource Source = new("Fairlead.Resolver");

    /// <summary>Starts a traversal's span.</summary>
    internal static Activity? Start(string name, IpEndpoint anchor) =>
        Spans.Start(Source, "resolve", ActivityKind.Client)?
            .SetTag("fairlead.name", name).SetTag("fairlead.anchor", anchor.Text);

    /// <summary>Ends it with a verified answer, unless it has ended.</summary>
    internal static void End(Activity? span, VerifiedAnswer answer)
    {
        if (span is null || span.IsStopped)
        {
            return;
        }

        foreach (var hop in answer.Hops)
        {
            var seal = hop.Seal is { } held
                ? string.Create(CultureInfo.InvariantCulture, $"{held.Position.Epoch}/{held.Position.Seq}")
                : "";
            span.AddEvent(new ActivityEvent("hop", tags: new ActivityTagsCollection
            {
                ["fairlead.segment"] = hop.Name.Text,
                ["fairlead.seal"] = seal,
            }));
        }

        span.SetTag("fairlead.outcome", answer.Outcome.ToString()).Stop();
    }
}
