using Fairlead.EnvoyApi.Routes;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Translation;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>An Envoy that asks for routes by the name of a service has the name resolved and is led to its
/// cluster.</summary>
public sealed class RoutesByNameTests
{
    private const string Name = "checkout.shop.svc.us1.internal";
    private const string Routes = Name + ":80";
    private const string Prefix = "xdstp://fairlead/envoy.config.";

    private static readonly ResourceType Rds = ResourceType.Route;

    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _told = [];
    private readonly ServedViews _views;
    private readonly ViewFeed _feed;

    public RoutesByNameTests()
    {
        _views = new ServedViews(
            new HashSet<string>(), (name, isWanted) => _told.Add((isWanted ? "+" : "-") + name), null, time: _time);
        _views.EndPatience();
        _feed = _views.Feed(ClientNode.Anonymous, null);
    }

    [Fact]
    public void Name_IsResolved_AndLedToItsCluster_AndToldWhatBecomesOfIt()
    {
        _feed.Wanted(Rds, Routes);
        Assert.Equal(["+" + Name], _told);
        Assert.Null(_feed.View.Current.Find(Rds, Routes));
        _time.Advance(XdsLimits.Default.FirstAnswer);
        Assert.Equal((ResourceRole.StandIn, "503 pending"), (_feed.View.Current.Find(Rds, Routes)!.Role, Told()));

        var served = OnDemandWorld.Named(Name, 1);
        _views.Publish(served);
        Assert.Equal(Name + ":80", Told());
        _views.Publish(ServedName.Without(Name, Reasons.Denied, served.Ports));
        Assert.Equal("403 denied", Told());
        _views.Publish(ServedName.Without(Name, Reasons.Absent, []));
        Assert.Equal("404 absent", Told());
        _views.Publish(ServedName.Without(Name, Reasons.Expired, served.Ports));
        Assert.Equal("504 expired", Told());
        _views.Publish(ServedName.Without(Name, Reasons.Unreachable, served.Ports));
        Assert.Equal("502 unreachable", Told());
        _views.Publish(ServedName.Without(Name, Reasons.Refused, served.Ports));
        Assert.Equal("502 refused", Told());
        _views.Publish(ServedName.Without(Name, Reasons.NoIdentity, served.Ports));
        Assert.Equal("502 no-identity", Told());
        _views.Publish(ServedName.Without(Name, Reasons.NoBundle, served.Ports));
        Assert.Equal(Name + ":80", Told());

        _feed.Unwanted(Rds, Routes);
        Assert.Equal(["+" + Name, "-" + Name], _told);
        Assert.Null(_feed.View.Current.Find(Rds, Routes));
    }

    [Theory]
    [InlineData(Name, Name + ":80")]
    [InlineData("CheckOut.shop.svc.us1.internal.:80", Name + ":80")]
    [InlineData(Name + ":81", "404 no-such-port")]
    [InlineData("no-host:x", "404 absent")]
    [InlineData("local_route", "404 absent")]
    [InlineData(Prefix + "route.v3.RouteConfiguration/" + Name, Prefix + "cluster.v3.Cluster/" + Name + ":80")]
    public void Spelling_IsAnsweredUnderItsOwnName(string spelling, string told)
    {
        _views.Publish(OnDemandWorld.Named(Name, 1));
        _feed.Wanted(Rds, spelling);
        Assert.Equal(told, Told(spelling));
        _feed.Unwanted(Rds, spelling);
        Assert.Null(_feed.View.Current.Find(Rds, spelling));
    }

    [Fact]
    public void Spellings_TooManyOfOneName_AreRefusedByName_AndOthersServed()
    {
        _views.Publish(OnDemandWorld.Named(Name, 1));
        string[] all =
        [
            .. Enumerable.Range(0, 40).Select(i => string.Concat(
                Name.Select((letter, k) => k < 6 && (i >> k & 1) == 1 ? char.ToUpperInvariant(letter) : letter))),
        ];
        Array.ForEach(all, spelling => _feed.Wanted(Rds, spelling));
        Assert.Equal(33, all.Count(spelling => Told(spelling) == Routes));
        Assert.Equal(7, all.Count(spelling => Told(spelling) == "503 too-many-spellings"));
    }

    /// <summary>Whoever asks for clusters alone has nothing built for routes.</summary>
    [Fact]
    public void Routes_AreThereForWhoAsksForThem()
    {
        _views.Publish(OnDemandWorld.Named(Name, 1));
        _feed.Wanted(ResourceType.Cluster, Routes);
        Assert.NotNull(_feed.View.Current.Find(ResourceType.Cluster, Routes));
        Assert.Equal([WellKnown.Routes], _feed.View.Current.Resources(Rds).Keys);
    }

    private string Told(string spelling = Routes)
    {
        var routes = Golden.Read(_feed.View.Current.Find(Rds, spelling)!).Unpack<RouteConfiguration>();
        var host = Assert.Single(routes.VirtualHosts);
        Assert.Equal((spelling, "*"), (routes.Name, Assert.Single(host.Domains)));
        var route = Assert.Single(host.Routes);
        return route.DirectResponse is { } direct
            ? $"{direct.Status} {Assert.Single(route.ResponseHeadersToAdd).Header.Value}"
            : route.Route_.Cluster;
    }
}
