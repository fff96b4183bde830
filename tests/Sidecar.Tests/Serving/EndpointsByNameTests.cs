using Fairlead.Sidecar.Serving;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>When an Envoy is told of endpoints that it asks for by the name of a service.</summary>
public sealed class EndpointsByNameTests
{
    private const string Checkout = CachedNames.Checkout;
    private const string Prefix = "xdstp://fairlead/envoy.config.cluster.v3.Cluster/";

    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    /// <summary>No request waits for the endpoints of a cluster that is not ours: while it has none it fails all of
    /// them, and an Envoy that starts waits for it.</summary>
    [Theory]
    [InlineData("outbound|80||" + Checkout, false, true)]
    [InlineData("outbound|80||" + Checkout, true, true)]
    [InlineData(Checkout, true, true)]
    [InlineData(Checkout + ":80", false, true)]
    [InlineData(Checkout + ":80/tls", false, true)]
    [InlineData(Checkout + ":80", true, false)]
    [InlineData(Checkout + ":80/tls", true, false)]
    [InlineData("xdstp://fairlead/envoy.config.endpoint.v3.ClusterLoadAssignment/" + Checkout + ":80", false, false)]
    public void Endpoints_OfWhichNothingIsKnown_AreToldWithinASecondToAClusterOfAnother(
        string asked, bool isClusterAsked, bool isEarly)
    {
        var time = new ManualTimeProvider();
        var views = new ServedViews(new HashSet<string>(), (_, _) => { }, null, time: time);
        var feed = views.Feed(ClientNode.Anonymous, Cds);
        if (isClusterAsked)
        {
            feed.Wanted(Cds, Prefix + Checkout);
        }

        feed.Wanted(Eds, asked);
        time.Advance(XdsLimits.Default.FirstAnswer - TimeSpan.FromMilliseconds(1));
        Assert.Null(feed.View.Current.Find(Eds, asked));
        Assert.Null(feed.Missing(Eds, asked));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(isEarly ? ResourceRole.StandIn : null, feed.View.Current.Find(Eds, asked)?.Role);
        Assert.Null(feed.View.Current.Find(Cds, Prefix + Checkout));
        Assert.Null(feed.Missing(Eds, asked));
        time.Advance(new OnDemandOptions().Hold);
        Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(Eds, asked)?.Role);
        views.Publish(CachedNames.Fresh);
        feed.Unwanted(Eds, asked);
        feed.Unwanted(Cds, Prefix + Checkout);
        feed.Remove(Checkout);
        Assert.Equal(0, feed.Held());
    }

    /// <summary>An Envoy that starts with its sidecar waits for what it asks for; an answer that there is nothing would
    /// open its listeners before anybody could be asked.</summary>
    [Fact]
    public void Endpoints_OfWhichNothingIsKnown_AreNotToldEarly_BeforeTheHomeIsMet()
    {
        const string asked = "outbound|80||" + Checkout;
        var first = XdsLimits.Default.FirstAnswer;
        var (time, views, feed) = Unmet(new OnDemandOptions());
        feed.Wanted(Eds, asked);
        time.Advance(first);
        Assert.Null(feed.View.Current.Find(Eds, asked));
        Assert.Null(feed.Missing(Eds, asked));
        views.Meet();
        time.Advance(first - TimeSpan.FromMilliseconds(1));
        Assert.Null(feed.View.Current.Find(Eds, asked));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(Eds, asked)?.Role);

        // One that is never met is silent no longer than a request is held, and one that is leaves nothing.
        (time, views, feed) = Unmet(new OnDemandOptions());
        feed.Wanted(Eds, asked);
        time.Advance(new OnDemandOptions().Hold);
        Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(Eds, asked)?.Role);
        feed.Unwanted(Eds, asked);
        views.Meet();
        time.Advance(first);
        Assert.Equal(0, feed.Held());
        Assert.Empty(feed.View.Current.Resources(Eds));
    }

    /// <summary>What the operator says of how long clients may wait is true of all that they ask for.</summary>
    [Fact]
    public void Endpoints_OfWhichNothingIsKnown_AreToldAfterTheHoldThatWasChosen()
    {
        const string asked = "outbound|80||" + Checkout;
        var hold = TimeSpan.FromSeconds(30);
        var (time, views, feed) = Unmet(new OnDemandOptions { Hold = hold, IsHoldChosen = true });
        views.Meet();
        feed.Wanted(Eds, asked);
        time.Advance(hold - TimeSpan.FromMilliseconds(1));
        Assert.Null(feed.View.Current.Find(Eds, asked));
        Assert.Null(feed.Missing(Eds, asked));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(Eds, asked)?.Role);
    }

    private static (ManualTimeProvider Time, ServedViews Views, ViewFeed Feed) Unmet(OnDemandOptions options)
    {
        var time = new ManualTimeProvider();
        var views = new ServedViews(
            new HashSet<string>(), (_, _) => { }, null, onDemand: options, time: time, isMet: false);
        return (time, views, views.Feed(ClientNode.Anonymous, Cds));
    }
}
