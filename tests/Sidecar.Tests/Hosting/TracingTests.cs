using System.Collections.Concurrent;
using System.Diagnostics;
using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>The spans of one traversal through a sidecar and the anchors of two segments.</summary>
public sealed class TracingTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Service = "traced.shop.svc";
    private const string Name = Service + ".us1.internal";

    [Fact]
    public async Task Traversal_IsOneTraceWithASpanForEachHop()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Fairlead.", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await clusters.PublishAsync(Service, "127.0.2.9");
        await using var host = await TwoClusters.StartAsync(clusters.Configure("traced", $"imports: [{Name}]"));
        var whole = await Eventually.HoldsAsync(
            () => Task.FromResult(Traces(ended).FirstOrDefault(IsPlain)),
            trace => trace is not null, TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        var resolve = Assert.Single(whole!, span => span.OperationName == "resolve");
        var home = Assert.Single(whole!, span => "eu1.internal".Equals(span.GetTagItem("fairlead.segment")));
        var target = Assert.Single(whole!, span => "us1.internal".Equals(span.GetTagItem("fairlead.segment")));
        Assert.Equal(default, resolve.ParentSpanId);
        Assert.Equal(resolve.SpanId, home.ParentSpanId);
        Assert.Equal(home.SpanId, target.ParentSpanId);
        Assert.Equal("Record", resolve.GetTagItem("fairlead.outcome"));
        Assert.Equal(
            ["eu1.internal", "us1.internal"],
            resolve.Events.Select(hop => hop.Tags.First(tag => tag.Key == "fairlead.segment").Value));
    }

    // One in which no anchor was late and another one asked beside it.
    private static bool IsPlain(List<Activity> trace) => trace.Count == 3
        && trace.Exists(span => span.OperationName == "resolve")
        && trace.Select(span => span.GetTagItem("fairlead.segment")).OfType<string>().Distinct().Count() == 2;

    // Spans of other tests of this process are in other traces.
    private static IEnumerable<List<Activity>> Traces(IEnumerable<Activity> ended) => ended
        .Where(span => Name.Equals(span.GetTagItem("fairlead.name")))
        .GroupBy(span => span.TraceId)
        .Select(trace => trace.ToList());
}
