using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>Strangers write what they like into a Host header, any port among it: what one more costs is its own
/// cluster, and not the whole name.</summary>
public sealed class SpellingCostTests
{
    private const string Name = "checkout.shop.svc.us1.internal";
    private const int Ports = 16;
    private const int Endpoints = 200;
    private const int Strangers = 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Spelling_OfANameThatIsServed_CostsItselfAlone(bool isGrpc)
    {
        var feed = new ViewFeed(
            isGrpc ? Audience.Grpc : Audience.Envoy, new HashSet<string> { Name }, static (_, _) => { });
        feed.Publish(Served(weight: 1));
        feed.Wanted(ResourceType.Cluster, Name + ":1");
        feed.Wanted(ResourceType.Cluster, Name + ":2");
        feed.Unwanted(ResourceType.Cluster, Name + ":2");
        var whole = Allocated(() => feed.Publish(Served(weight: 2)));
        var spellings = Allocated(() =>
        {
            for (var i = 0; i < Strangers; i++)
            {
                feed.Wanted(ResourceType.Cluster, $"{Name}:{1_000 + i}");
            }
        });
        Assert.InRange(spellings / Strangers, 1, whole / 20);

        // What the name has itself is there all the same, and goes with no spelling.
        for (var i = 0; i < Strangers; i++)
        {
            feed.Unwanted(ResourceType.Cluster, $"{Name}:{1_000 + i}");
            Assert.Null(feed.View.Current.Find(ResourceType.Cluster, $"{Name}:{1_000 + i}"));
        }

        feed.Wanted(ResourceType.Cluster, $"{Name}:{8_000}");
        feed.Unwanted(ResourceType.Cluster, $"{Name}:{8_000}");
        Assert.Equal(Ports, feed.View.Current.Resources(ResourceType.Endpoints).Count(
            one => one.Key.StartsWith(Name + ":80", StringComparison.Ordinal)));
        Assert.NotNull(feed.View.Current.Find(ResourceType.Cluster, Name + ":1"));
    }

    /// <summary>Of what a name has, the clusters of a context that comes or goes are made, once.</summary>
    [Fact]
    public void Context_OfACollection_CostsItsClustersAlone()
    {
        var feed = new ViewFeed(Audience.Envoy, new HashSet<string> { Name }, static (_, _) => { });
        feed.Publish(Served(weight: 1));
        feed.Wanted(ResourceType.Cluster, ClusterNames.Glob);
        feed.Wanted(ResourceType.Cluster, ClusterNames.Glob + "?a=1");
        feed.Unwanted(ResourceType.Cluster, ClusterNames.Glob + "?a=1");
        var whole = Allocated(() => feed.Publish(Served(weight: 2)));
        var comes = Allocated(() => feed.Wanted(ResourceType.Cluster, ClusterNames.Glob + "?a=2"));
        Assert.Equal(2 * (Ports + 1), feed.View.Current.Located(ResourceType.Cluster).Count);
        var goes = Allocated(() => feed.Unwanted(ResourceType.Cluster, ClusterNames.Glob + "?a=2"));
        Assert.Equal(Ports + 1, feed.View.Current.Located(ResourceType.Cluster).Count);
        Assert.True(comes < whole / 10 && goes < whole / 10, $"{comes} and {goes} of {whole} bytes");
    }

    private static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static ServedName Served(uint weight) => OnDemandWorld.Named(Name) with
    {
        Ports = [.. Enumerable.Range(0, Ports).Select(i => new ServedPort($"p{i}", 8_000 + i, "http"))],
        Endpoints =
        [
            .. Enumerable.Range(0, Endpoints).Select(i => new ServedEndpoint(
                $"10.0.0.{i}", [.. Enumerable.Range(0, Ports).Select(port => 9_000 + port)], "us1", "a", weight,
                ServedHealth.Healthy)),
        ],
    };
}
