using System.Collections.Immutable;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>In which steps ports of TCP of a strict name are told what is over: on virtual time, with nobody who
/// asks.</summary>
public sealed class TcpStepsTests
{
    private const string Name = "ledger.shop.svc.us1.internal";
    private const string Raw = Name + ":9000";

    // More than one step, less than two.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1.2);

    private readonly ManualTimeProvider _time = new();
    private readonly ServedViews _views;

    public TcpStepsTests() => _views = new ServedViews(
        new HashSet<string> { Name }, static (_, _) => { }, null, time: _time,
        onDemand: new OnDemandOptions
        {
            Clusters = new ClusterSettings { Responder = new ResponderSettings("127.0.0.1", 16010) },
        });

    [Fact]
    public void Withdrawn_IsUnhealthyFirst_AndGoneThen()
    {
        _views.Publish(Served(1, 2));
        var cluster = Now();
        _views.Publish(Served(2));
        Assert.Equal("2 1!", Told());
        Assert.Equal("2", Told(Name + ":80"));
        _views.Publish(Served(2, 3));
        Assert.Equal("2 3 1!", Told());
        _time.Advance(Step);
        Assert.Equal("2 3", Told());
        Assert.Equal(cluster, Now());
    }

    /// <summary>Each leaves in its own time, however often the name changes.</summary>
    [Fact]
    public void Withdrawn_WhileOthersAre_IsGoneAllTheSame()
    {
        _views.Publish(Served([.. Enumerable.Range(1, 40)]));
        for (var i = 2; i <= 30; i++)
        {
            _views.Publish(Served([.. Enumerable.Range(i, 41 - i)]));
            Assert.Contains($" {i - 1}!", Told(), StringComparison.Ordinal);
            _time.Advance(Step / 3);
            Assert.InRange(Told().Count(one => one == '!'), 0, 6);
        }

        _time.Advance(2 * Step);
        Assert.Equal(string.Join(' ', Enumerable.Range(30, 11)), Told());
    }

    [Fact]
    public void Ended_WhileAnEndpointLeaves_HasItsWholeTime()
    {
        _views.Publish(Served(1, 2));
        _views.Publish(Served(2));
        _time.Advance(Step / 2);
        _views.Publish(ServedName.Without(Name, Reasons.Denied, Ports));
        Assert.Equal("1! 2!", Told());
        _time.Advance(Step / 2);
        Assert.Equal("2!", Told());
        _time.Advance(Step);
        Assert.Equal("", Told());
    }

    /// <summary>Of HTTP at once; of TCP it is another cluster only when nobody is asked about this one any more.
    /// </summary>
    [Fact]
    public void Ended_KeepsItsClusterUntilItsConnectionsHaveEnded()
    {
        _views.Publish(Served(1));
        var cluster = Now();
        _views.Publish(ServedName.Without(Name, Reasons.Denied, Ports));
        Assert.Equal(("1!", ""), (Told(), Told(Name + ":80")));
        Assert.Equal(cluster, Now());
        _time.Advance(Step);
        Assert.Equal("", Told());
        Assert.Equal(Cluster.Types.DiscoveryType.Static, Now().Type);
        Assert.Equal("denied", Now().Metadata.FilterMetadata["fairlead"].Fields["reason"].StringValue);
        _views.Publish(Served(1));
        Assert.Equal(("1", cluster), (Told(), Now()));
    }

    /// <summary>An identity that goes changes nothing; one that comes is another cluster.</summary>
    [Fact]
    public void Identities_ThatCome_EndConnections_AndThoseThatGoDoNot()
    {
        _views.Publish(Served(1, 2) with { Tls = Tls("aa", "bb") });
        var cluster = Now();
        _views.Publish(Served(1, 2) with { Tls = Tls("aa") });
        Assert.Equal(("1 2", cluster), (Told(), Now()));
        _time.Advance(Step);
        Assert.Equal(("1 2", cluster), (Told(), Now()));

        _views.Publish(Served(1, 2) with { Tls = Tls("aa", "cc") });
        Assert.Equal(("1! 2!", cluster), (Told(), Now()));
        _time.Advance(Step);
        Assert.Equal("", Told());
        Assert.Equal(Cluster.Types.DiscoveryType.Static, Now().Type);
        _time.Advance(Step);
        Assert.Equal("1 2", Told());
        Assert.Equal(
            ["aa", "cc", "none", "responder"], Now().TransportSocketMatches.Select(one => one.Name).Order());
    }

    /// <summary>An Envoy asks no more about a cluster that was taken away, and keeps the connections that it has: also
    /// one that asks for its endpoints by name, as each does for those of a cluster that it has.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Import_ThatIsRemoved_EndsItsConnectionsFirst(bool isAskedFor)
    {
        var feed = _views.Feed(ClientNode.Anonymous, null);
        _views.Publish(Served(1, 2));
        if (isAskedFor)
        {
            feed.Wanted(ResourceType.Endpoints, Raw);
        }

        var cluster = Now();
        _views.Import(new HashSet<string>());
        Assert.Equal(("1! 2!", cluster), (Told(), Now()));
        Assert.False(_views.Connections.Ask(Raw, "10.1.0.1:9000"));

        // Its resolver may have more to say of it, and forgets it then.
        _views.Publish(Served(1, 2, 3));
        _views.Forget(Name);
        Assert.Equal(("1! 2!", cluster), (Told(), Now()));
        _time.Advance(Step);
        Assert.Empty(_views.Open(ClientNode.Anonymous, null).Current.Wildcard(ResourceType.Cluster));
        if (isAskedFor)
        {
            Assert.Equal("", Told());
            feed.Unwanted(ResourceType.Endpoints, Raw);
        }

        _time.Advance(Step);
        Assert.Null(_views.Open(ClientNode.Anonymous, null).Current.Find(ResourceType.Cluster, Raw));
        Assert.Null(_views.Open(ClientNode.Anonymous, null).Current.Find(ResourceType.Endpoints, Raw));

        _views.Import(new HashSet<string> { Name });
        _views.Publish(Served(1));
        Assert.Equal(("1", cluster), (Told(), Now()));
    }

    /// <summary>That it is no import says nothing of the name: who asks for it in that second must not hear that it is
    /// absent, nor may its identities be forgotten.</summary>
    [Fact]
    public void Import_ThatIsRemoved_IsNeverAbsent()
    {
        const string Http = Name + ":80";
        var spelled = ClusterNames.Located(Http);
        var feed = _views.Feed(ClientNode.Anonymous, null);
        _views.Publish(Served(1) with { Tls = Tls("aa") });
        var cluster = Golden(ResourceType.Cluster, Http).Unpack<Cluster>();
        _views.Import(new HashSet<string>());
        Assert.Equal(cluster, Golden(ResourceType.Cluster, Http).Unpack<Cluster>());
        feed.Wanted(ResourceType.Endpoints, Http);
        feed.Wanted(ResourceType.Cluster, spelled);
        feed.Wanted(ResourceType.Cluster, Raw);
        _views.Publish(Served(1) with { Tls = Tls("aa") });
        Assert.Null(feed.View.Current.Find(ResourceType.Endpoints, Http));
        Assert.Null(feed.Missing(ResourceType.Endpoints, Http));
        Assert.Null(feed.View.Current.Find(ResourceType.Cluster, spelled));
        _time.Advance(Step);
        Assert.Equal("", Told());
        _time.Advance(Step);
        Assert.Equal(("1", "1"), (Told(), Told(Http)));
        Assert.DoesNotContain("reason", feed.View.Current.Find(ResourceType.Cluster, spelled)!.ToAny().Value
            .ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_ThatIsRemoved_ComesBackWithTheConfiguration_AndWithoutABoundGoesAtOnce()
    {
        _views.Publish(Served(1));
        var cluster = Now();
        _views.Import(new HashSet<string>());
        _views.Publish(Served(1, 2));
        _views.Import(new HashSet<string> { Name });
        Assert.Equal(("1 2", cluster), (Told(), Now()));
        _time.Advance(2 * Step);
        Assert.Equal(("1 2", cluster), (Told(), Now()));
        _views.Publish(Served(1) with { StreamMax = null });
        _views.Import(new HashSet<string>());
        Assert.Null(_views.Open(ClientNode.Anonymous, null).Current.Find(ResourceType.Cluster, Raw));
    }

    /// <summary>What costs as much as all that is served is done for many of them together.</summary>
    [Fact]
    public void Imports_ThatAreRemovedTogether_LeaveTogether()
    {
        var names = Enumerable.Range(0, 100).Select(i => $"ledger{i}.shop.svc.us1.internal").ToHashSet();
        _views.Import(names);
        foreach (var name in names)
        {
            _views.Publish(Served(1) with { Name = name });
        }

        var view = _views.Feed(ClientNode.Anonymous, null).View;
        Assert.True(view.Current.Primed);
        var routes = new Watcher(static () => { });
        view.Watchers.Join(routes);
        view.Watchers.WatchAll(routes, ResourceType.Route, isWatching: true);
        _views.Import(new HashSet<string>());
        _time.Advance(2 * Step);
        Assert.Empty(view.Current.Wildcard(ResourceType.Cluster));
        Assert.InRange(routes.Count, 1, 5);
    }

    /// <summary>What the resolver says while a name comes back is newer than what was kept for then.</summary>
    [Fact]
    public void Import_ThatComesBack_IsNotToldAnOlderWordOverANewer()
    {
        var view = _views.Feed(ClientNode.Anonymous, null).View;
        _views.Publish(Served(1));
        _views.Import(new HashSet<string>());
        _views.Publish(Served(1, 2));
        var resolver = new Thread(() => _views.Publish(Served(2, 3)));
        var watcher = new Watcher(() =>
        {
            // It has told it, or waits for what is told now.
            resolver.Start();
            SpinWait.SpinUntil(
                () => !resolver.IsAlive || resolver.ThreadState.HasFlag(ThreadState.WaitSleepJoin),
                TimeSpan.FromSeconds(20));
        });
        view.Watchers.Join(watcher);
        view.Watchers.WatchAll(watcher, ResourceType.Cluster, isWatching: true);
        _views.Import(new HashSet<string> { Name, "other.shop.svc.us1.internal" });
        Assert.True(watcher.IsWoken);
        resolver.Join();
        Assert.Equal("2 3", Told(Name + ":80"));
    }

    [Fact]
    public void NameThatIsNotStrict_IsToldAtOnce()
    {
        _views.Publish(Served(1, 2) with { StreamMax = null });
        Assert.Empty(Now().HealthChecks);
        _views.Publish(Served(2) with { StreamMax = null });
        Assert.Equal("2", Told());
        _views.Publish(ServedName.Without(Name, Reasons.Denied, Ports));
        Assert.Equal("", Told());
    }

    /// <summary>A cluster of another control plane has its own check, or none: asked here it would find every endpoint
    /// healthy, or none.</summary>
    [Fact]
    public void Endpoints_ThatSomebodyElsesClusterAsksFor_AreAskedAboutByItself()
    {
        var foreign = $"outbound|9000||{Name}";
        var located = ClusterNames.LocatedAssignment(Raw);
        _views.Publish(Served(1, 2));
        var feed = _views.Feed(ClientNode.Anonymous, null);
        feed.Wanted(ResourceType.Endpoints, foreign);
        feed.Wanted(ResourceType.Endpoints, located);
        Assert.All(Checks(foreign), Assert.Null);
        Assert.All(Checks(located), Assert.NotNull);

        List<Endpoint.Types.HealthCheckConfig?> Checks(string name)
        {
            var all = Translation.Golden.Read(feed.View.Current.Find(ResourceType.Endpoints, name)!)
                .Unpack<ClusterLoadAssignment>().Endpoints.SelectMany(locality => locality.LbEndpoints)
                .Select(one => one.Endpoint.HealthCheckConfig).ToList();
            Assert.Equal(2, all.Count);
            return all!;
        }
    }

    /// <summary>A Set's member that is not strict does not depend on the sidecar.</summary>
    [Fact]
    public void Member_ThatIsNotStrict_IsAskedAboutNowhere()
    {
        var name = Served(1, 2);
        _views.Publish(name with
        {
            Endpoints =
            [
                name.Endpoints[0] with { Member = Member("a", isStrict: true) },
                name.Endpoints[1] with { Member = Member("b", isStrict: false) },
            ],
        });
        Assert.Equal(
            [("10.1.0.1:9000", false), ("", true)],
            Endpoints(Raw).Select(one => one.Endpoint.HealthCheckConfig)
                .Select(config => (config.Hostname, config.DisableActiveHealthCheck)));

        static ServedMember Member(string name, bool isStrict) =>
            new(name, 0, 1, new Provenance("us1.internal", 1, 1, "")) { IsStrict = isStrict };
    }

    private static ImmutableArray<ServedPort> Ports =>
        [new ServedPort("http", 80, "http"), new ServedPort("raw", 9000, "tcp")];

    private static ServedName Served(params int[] endpoints) => OnDemandWorld.Named(Name) with
    {
        Ports = Ports,
        Endpoints =
        [
            .. endpoints.Select(one => new ServedEndpoint(
                $"10.1.0.{one}", [8080, 9000], "us1", "a", 1, ServedHealth.Healthy)),
        ],
        StrictUntil = TimeSpan.FromHours(1),
        StreamMax = TimeSpan.FromMinutes(1),
    };

    private static ServedTls Tls(params string[] peers) => new(
        [
            .. peers.Select(peer => new TlsPeer(
                peer, ["spiffe://us1.example/" + peer],
                ImmutableSortedDictionary<string, string>.Empty.Add("us1.example", "bundle"), Name)),
        ],
        ClientTls.None);

    private Cluster Now() => Golden(ResourceType.Cluster, Raw).Unpack<Cluster>();

    private IEnumerable<LbEndpoint> Endpoints(string name) =>
        Golden(ResourceType.Endpoints, Find(ResourceType.Endpoints, ClusterNames.Guarded(name))?.Name ?? name)
            .Unpack<ClusterLoadAssignment>().Endpoints.SelectMany(locality => locality.LbEndpoints);

    private Google.Protobuf.WellKnownTypes.Any Golden(ResourceType type, string name) =>
        Translation.Golden.Read(Find(type, name)!);

    private Resource? Find(ResourceType type, string name) =>
        _views.Open(ClientNode.Anonymous, null).Current.Find(type, name);

    // The endpoints by their last digit, those that are unhealthy with a mark, behind the others.
    private string Told(string name = Raw) => string.Join(' ', Endpoints(name)
        .OrderBy(one => one.HealthStatus == HealthStatus.Unhealthy)
        .ThenBy(one => one.Endpoint.Address.SocketAddress.Address)
        .Select(one => one.Endpoint.Address.SocketAddress.Address.Split('.')[^1]
            + (one.HealthStatus == HealthStatus.Unhealthy ? "!" : "")));

    // Does something the first time that there are news.
    private sealed class Watcher(Action first) : IViewWatcher
    {
        private int _count;

        public long Number { get; set; }

        internal int Count => _count;

        internal bool IsWoken => _count > 0;

        public void Wake()
        {
            if (Interlocked.Increment(ref _count) == 1)
            {
                first();
            }
        }
    }
}
