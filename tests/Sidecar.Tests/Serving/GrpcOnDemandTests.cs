using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>A proxyless gRPC client asks by name, for listeners first: that starts the traversal of the name, and
/// something is said to it within a second.</summary>
public sealed class GrpcOnDemandTests
{
    private const string Name = OnDemandWorld.Checkout;

    private static readonly ClientNode Client = ClientNode.Anonymous with { UserAgent = "gRPC C-core linux Python" };

    private static readonly ResourceType[] Chain =
        [ResourceType.Listener, ResourceType.Route, ResourceType.Cluster, ResourceType.Endpoints];

    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _wanted = [];
    private readonly ServedViews _views;

    public GrpcOnDemandTests() => _views = new ServedViews(
        new HashSet<string>(), (name, isWanted) => _wanted.Add($"{(isWanted ? "+" : "-")}{name}"), null, time: _time);

    [Fact]
    public void Listener_OrRoute_StartsTheTraversal()
    {
        var feed = _views.Feed(Client, null);
        feed.Wanted(ResourceType.Listener, Name + ":80");
        Assert.Equal(["+" + Name], _wanted);
        feed.Wanted(ResourceType.Route, "cart" + OnDemandWorld.Suffix);
        Assert.Equal("+cart" + OnDemandWorld.Suffix, _wanted[^1]);
        feed.Unwanted(ResourceType.Listener, Name + ":80");
        Assert.Equal("-" + Name, _wanted[^1]);
    }

    [Theory]
    [InlineData(Name)]
    [InlineData(Name + ":80")]
    public void Name_OfWhichNothingIsKnown_LeadsNowhereWithinASecond_AndOnWhenItIs(string asked)
    {
        _views.Feed(Client, null).Wanted(ResourceType.Listener, asked);
        Assert.All(Chain, type => Assert.Null(Find(type, asked)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(Chain[..3], type => Assert.Equal(ResourceRole.StandIn, Find(type, asked)!.Role));
        var cluster = Translation.Golden.Read(Find(ResourceType.Cluster, asked)!).Unpack<Cluster>();
        _views.Feed(Client, null).Wanted(ResourceType.Endpoints, cluster.EdsClusterConfig.ServiceName);
        Assert.Empty(Endpoints(cluster.EdsClusterConfig.ServiceName).Endpoints);

        _views.Publish(OnDemandWorld.Named(Name, 1));
        Assert.Equal(ResourceRole.Ordinary, Find(ResourceType.Listener, asked)!.Role);
        Assert.Single(Endpoints(Name + ":80").Endpoints);
    }

    [Theory]
    [InlineData(Reasons.Absent)]
    [InlineData(Reasons.Denied)]
    public void Name_ThatLeadsNowhere_SaysSoAtOnce(string reason)
    {
        _views.Feed(Client, null).Wanted(ResourceType.Listener, Name);
        _views.Publish(ServedName.Without(Name, reason, []));
        Assert.All(Chain, type => Assert.Equal(ResourceRole.Negative, Find(type, Name)?.Role));
        Assert.Empty(Endpoints(Name).Endpoints);
    }

    private Resource? Find(ResourceType type, string name) => _views.Open(Client, null).Current.Find(type, name);

    private ClusterLoadAssignment Endpoints(string name) =>
        Translation.Golden.Read(Find(ResourceType.Endpoints, name)!).Unpack<ClusterLoadAssignment>();
}
