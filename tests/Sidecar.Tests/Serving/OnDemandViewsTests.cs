using System.Collections.Immutable;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.Resolver;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.Translation;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>What an Envoy is told that asks for clusters as it needs them, on a stream for them alone.</summary>
public sealed class OnDemandViewsTests : IDisposable
{
    private const string Checkout = CachedNames.Checkout;
    private const string Other = "other.shop.svc.us1.internal";
    private const string Prefix = "xdstp://fairlead/envoy.config.cluster.v3.Cluster/";
    private const string Glob = Prefix + "*";
    private const string Witness = Prefix + "sentinel";

    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-ondemand-").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _told = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Collection_HoldsImportsUnderBothNames_OnlyForWhoAsksForIt()
    {
        var views = Views(null, Checkout);
        views.Publish(CachedNames.Fresh);
        var feed = Envoy(views);
        Assert.Empty(feed.View.Current.Located(Cds));
        feed.Wanted(Cds, Glob);
        Assert.Equal(
            [Prefix + Checkout, Prefix + Checkout + ":80", Witness],
            feed.View.Current.Located(Cds).Order(StringComparer.Ordinal));
        Assert.Empty(views.Open(ClientNode.Anonymous, null).Current.Located(Cds));
        feed.Unwanted(Cds, Glob);
        Assert.Empty(feed.View.Current.Located(Cds));
    }

    /// <summary>An Envoy whose bootstrap has <c>node_context_params</c> asks for the collection of its node, and takes
    /// what carries the same parameters alone.</summary>
    [Fact]
    public void Collection_OfANode_HoldsTheSameUnderItsParameters_ForAFewOfThem()
    {
        var views = Views(null, Checkout);
        views.Publish(CachedNames.Fresh);
        var feed = Envoy(views);
        feed.Wanted(Cds, Glob + "?xds.node.id=a&xds.node.cluster=c");
        Assert.Equal(Named("?xds.node.cluster=c&xds.node.id=a"), feed.View.Current.Located(Cds).Order());
        var cluster = Golden.Read(
            feed.View.Current.Find(Cds, Prefix + Checkout + "?xds.node.cluster=c&xds.node.id=a")!).Unpack<Cluster>();
        Assert.Equal(Checkout + ":80", cluster.EdsClusterConfig.ServiceName);

        // Asked for by name too, by whose Envoy puts parameters there.
        feed.Wanted(Cds, Prefix + Checkout + ":80?x=1");
        Assert.Equal(ResourceRole.Ordinary, feed.View.Current.Find(Cds, Prefix + Checkout + ":80?x=1")!.Role);

        for (var i = 0; i < 100; i++)
        {
            feed.Wanted(Cds, Glob + "?i=" + i);
        }

        Assert.InRange(feed.View.Current.Located(Cds).Count, 6, 8 * 3);
        feed.Unwanted(Cds, Glob + "?xds.node.id=a&xds.node.cluster=c");
        feed.Wanted(Cds, Glob);
        for (var i = 0; i < 100; i++)
        {
            feed.Unwanted(Cds, Glob + "?i=" + i);
        }

        Assert.Equal(Named(""), feed.View.Current.Located(Cds).Order());

        static IEnumerable<string> Named(string context) =>
            [.. new[] { Checkout, Checkout + ":80", "sentinel" }.Select(id => Prefix + id + context).Order()];
    }

    /// <summary>One cluster of none has a stream for its endpoints, which ends when an Envoy loses its clusters: of
    /// those that lead nowhere no other would tell. Who has one stream for all endpoints loses none.</summary>
    [Fact]
    public void Collection_OfAStreamForEachName_HasAWitness()
    {
        var views = Views(null);
        var feed = Envoy(views);
        feed.Wanted(Cds, Glob);
        Assert.Equal([Witness], feed.View.Current.Located(Cds));
        var cluster = Golden.Read(feed.View.Current.Find(Cds, Witness)!).Unpack<Cluster>();
        Assert.Equal(Cluster.Types.DiscoveryType.Eds, cluster.Type);
        Assert.NotNull(cluster.EdsClusterConfig.EdsConfig.ApiConfigSource);
        Assert.Equal(
            Resource.EmptyEndpoints("sentinel").Version, feed.View.Current.Find(Eds, "sentinel")!.Version);
        feed.Wanted(Eds, "sentinel");
        Assert.Empty(_told);

        var authority = new ViewFeed(
            Audience.Envoy with { Plain = EndpointSource.Stream }, new HashSet<string>(), (_, _) => { });
        authority.Wanted(Cds, Glob);
        Assert.Empty(authority.View.Current.Located(Cds));
    }

    [Fact]
    public async Task Collection_AfterARestart_HoldsWhatWasUsed()
    {
        var shapes = Shapes();
        var views = Views(shapes, Other);
        Envoy(views).Wanted(Cds, Prefix + Checkout);
        views.Publish(CachedNames.Fresh);
        await shapes.DisposeAsync();

        var again = Shapes();
        var after = Views(again, Other);
        Assert.Equal([Checkout], after.Used);
        var feed = Envoy(after);
        feed.Wanted(Cds, Glob);
        Assert.Contains(Prefix + Checkout, feed.View.Current.Located(Cds));
        Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(Cds, Prefix + Checkout)!.Role);

        // Of its endpoints nothing is said before they are verified again.
        feed.Wanted(Eds, Checkout + ":80");
        Assert.Null(feed.View.Current.Find(Eds, Checkout + ":80"));
        Assert.Null(feed.Missing(Eds, Checkout + ":80"));
        after.Publish(CachedNames.Fresh);
        Assert.NotNull(feed.View.Current.Find(Eds, Checkout + ":80"));
        await again.DisposeAsync();
    }

    [Fact]
    public async Task Collection_HoldsWhatWasUsedInThisRun_AfterItsClientHasGone()
    {
        var shapes = Shapes();
        var views = Views(shapes, Other);
        var feed = Envoy(views);
        feed.Wanted(Cds, Prefix + Checkout);
        views.Publish(CachedNames.Fresh);
        feed.Unwanted(Cds, Prefix + Checkout);
        Assert.Equal(2, _told.Count(word => word == "+" + Checkout));
        Assert.Equal(1, _told.Count(word => word == "-" + Checkout));

        // Its resolver, which knows of one client only, says that it forgot it.
        views.Forget(Checkout);
        feed.Wanted(Cds, Glob);
        Assert.Equal(ResourceRole.Ordinary, feed.View.Current.Find(Cds, Prefix + Checkout)!.Role);
        Assert.Contains(Prefix + Checkout, feed.View.Current.Located(Cds));

        // A hundred others take its place, for who comes after: who is there asked for them.
        for (var i = 0; i < 100; i++)
        {
            feed.Wanted(Cds, Prefix + NameOf(i));
            views.Publish(CachedNames.Fresh with { Name = NameOf(i) });
        }

        Assert.DoesNotContain(Prefix + NameOf(99), feed.View.Current.Located(Cds));
        feed.Unwanted(Cds, Glob);
        feed.Wanted(Cds, Glob);
        Assert.Contains(Prefix + NameOf(99), feed.View.Current.Located(Cds));
        Assert.DoesNotContain(Prefix + Checkout, feed.View.Current.Located(Cds));
        Assert.Equal(2, _told.Count(word => word == "-" + Checkout));
        await TestKit.Processes.Eventually.HoldsAsync(
            () => Task.FromResult(views.Feed(ClientNode.Anonymous, Cds).Knows(Checkout)), knows => !knows,
            TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        await shapes.DisposeAsync();

        static string NameOf(int i) => $"s{i}.shop.svc.us1.internal";
    }

    [Fact]
    public async Task Used_AreThoseUsedLast_NotThoseUsedFirst_AlsoAfterARestart()
    {
        var shapes = Shapes();
        void Add(ShapeFile to, int i) => to.Remember(ServedName.Without(
            $"s{i:000}.shop.svc.us1.internal", Reasons.Absent, [new ServedPort("http", 80, "http")]));
        for (var i = 0; i < 100; i++)
        {
            Add(shapes, 99 - i);
        }

        shapes.Use("s099.shop.svc.us1.internal");
        Add(shapes, 100);
        await shapes.DisposeAsync();
        var again = Shapes();
        Assert.DoesNotContain("s098.shop.svc.us1.internal", again.Used);
        Assert.Equal(shapes.Used, again.Used);
        Assert.Equal("s099.shop.svc.us1.internal", again.Used[^2]);
        await again.DisposeAsync();
    }

    [Fact]
    public async Task Name_WhoseEndpointsHadIdentities_IsNotToldInTheClearAfterARestart()
    {
        var shapes = Shapes();
        var bundles = ImmutableSortedDictionary<string, string>.Empty.Add("us1.example", "pem");
        var served = ServedNameMapping.Map(CachedNames.Fresh) with
        {
            Tls = new ServedTls(
                [new TlsPeer("peer", ["spiffe://us1.example/sa"], bundles, Checkout)], ClientTls.None),
        };
        shapes.Remember(served);
        shapes.Remember(served with { Reason = Reasons.Expired, Tls = null });
        await shapes.DisposeAsync();

        var again = Shapes();
        var views = Views(again);
        var feed = Envoy(views);
        feed.Wanted(Cds, Glob);
        feed.Wanted(Cds, Prefix + Checkout);
        Assert.Equal([Witness], feed.View.Current.Located(Cds));
        Assert.Null(feed.View.Current.Find(Cds, Prefix + Checkout));
        _time.Advance(Hold);
        Assert.Equal("pending", ReasonOf(ClusterOf(feed, Prefix + Checkout)));
        views.Publish(CachedNames.Fresh);
        Assert.Equal(ResourceRole.Ordinary, feed.View.Current.Find(Cds, Prefix + Checkout)!.Role);
        await again.DisposeAsync();
    }

    [Fact]
    public async Task Used_AreAsManyAsWereUsedLast()
    {
        var shapes = Shapes();
        for (var i = 0; i < 300; i++)
        {
            shapes.Remember(ServedName.Without(
                $"s{i}.shop.svc.us1.internal", Reasons.Absent, [new ServedPort("http", 80, "http")]));
        }

        await shapes.DisposeAsync();
        var again = Shapes();
        Assert.Equal(100, again.Used.Count);
        Assert.Contains("s299.shop.svc.us1.internal", again.Used);
        Assert.DoesNotContain("s199.shop.svc.us1.internal", again.Used);
        await again.DisposeAsync();
    }

    [Fact]
    public void Name_ThatIsAskedFor_IsWantedOnce_AndAnsweredUnderEachSpelling()
    {
        var views = Views(null);
        var feed = Envoy(views);
        string[] spellings = [Prefix + Checkout, Prefix + Checkout.ToUpperInvariant(), Prefix + Checkout + ".:80"];
        foreach (var spelling in spellings)
        {
            feed.Wanted(Cds, spelling);
        }

        Assert.Equal(["+" + Checkout], _told);
        views.Publish(CachedNames.Fresh);
        foreach (var spelling in spellings)
        {
            var cluster = ClusterOf(feed, spelling);
            Assert.Equal(
                (Checkout + ":80", Checkout + ":80"), (cluster.EdsClusterConfig.ServiceName, cluster.AltStatName));
        }

        Assert.Equal([Checkout + ":80"], feed.View.Current.Resources(Eds).Keys);
    }

    [Fact]
    public void Name_OfWhichNothingIsKnown_IsToldAsPendingAfterTheHold_AndCompletedLater()
    {
        var views = Views(null);
        var feed = Envoy(views);
        feed.Wanted(Cds, Prefix + Checkout);
        feed.Wanted(Eds, "outbound|80||" + Checkout);
        feed.Wanted(Eds, Checkout + ":80");
        views.Publish(CachedNames.Pending());
        _time.Advance(Hold - TimeSpan.FromMilliseconds(1));
        Assert.Null(feed.View.Current.Find(Cds, Prefix + Checkout));

        // A request may wait for them.
        Assert.Null(feed.View.Current.Find(Eds, Checkout + ":80"));
        Assert.Null(feed.Missing(Eds, Checkout + ":80"));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(Eds, Checkout + ":80")!.Role);
        Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(Cds, Prefix + Checkout)!.Role);
        Assert.Equal("pending", ReasonOf(ClusterOf(feed, Prefix + Checkout)));
        Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(Eds, "outbound|80||" + Checkout)!.Role);

        // A spelling more of a name that was waited for in vain need not wait again.
        feed.Wanted(Cds, Prefix + Checkout + ":80");
        Assert.Equal("pending", ReasonOf(ClusterOf(feed, Prefix + Checkout + ":80")));

        views.Publish(CachedNames.Fresh);
        Assert.Equal(ResourceRole.Ordinary, feed.View.Current.Find(Cds, Prefix + Checkout)!.Role);
        Assert.Equal(
            ResourceRole.Ordinary, feed.View.Current.Find(Eds, "outbound|80||" + Checkout)!.Role);
    }

    [Fact]
    public void Name_OfWhichTheResolverSaysNothing_IsToldAsPendingAllTheSame_AndLeavesNothing()
    {
        var feed = Envoy(Views(null));
        feed.Wanted(Cds, Prefix + Other);
        _time.Advance(Hold);
        Assert.Equal("pending", ReasonOf(ClusterOf(feed, Prefix + Other)));
        feed.Unwanted(Cds, Prefix + Other);
        Assert.Empty(feed.View.Current.Resources(Cds));
        Assert.Equal(["+" + Other, "-" + Other], _told);
        _time.Advance(Hold);
        Assert.Empty(feed.View.Current.Resources(Cds));
    }

    [Fact]
    public void Name_ThatWasAbsent_AndIsLookedUpAgain_IsToldAsPendingAfterTheHold()
    {
        var views = Views(null);
        var feed = Envoy(views);
        feed.Wanted(Cds, Prefix + Checkout);
        views.Publish(CachedNames.Absent with { LastRecord = null });
        Assert.Equal("absent", ReasonOf(ClusterOf(feed, Prefix + Checkout)));
        views.Publish(CachedNames.Pending());
        Assert.Null(feed.View.Current.Find(Cds, Prefix + Checkout));
        _time.Advance(Hold);
        Assert.Equal("pending", ReasonOf(ClusterOf(feed, Prefix + Checkout)));
    }

    [Fact]
    public void Host_ThatNoServiceCanHave_IsAnsweredAtOnce()
    {
        var feed = Envoy(Views(null));
        feed.Wanted(Cds, Prefix + "example.com");
        Assert.Equal("absent", ReasonOf(ClusterOf(feed, Prefix + "example.com")));
        Assert.Equal(ResourceRole.Negative, feed.View.Current.Find(Cds, Prefix + "example.com")!.Role);
        Assert.Empty(_told);
        feed.Unwanted(Cds, Prefix + "example.com");
        Assert.Empty(feed.View.Current.Resources(Cds));
        Assert.Equal(0, feed.Held());
    }

    [Theory]
    [InlineData("foo:99999")]
    [InlineData("foo:abc")]
    [InlineData("foo:")]
    [InlineData("[::1]")]
    [InlineData("")]
    [InlineData("fairlead")]
    [InlineData("a/*")]
    [InlineData(null)]
    public void Host_ThatCannotBeRead_IsAnsweredAtOnce(string? host)
    {
        host ??= new string('a', 254);
        var feed = Envoy(Views(null));
        feed.Wanted(Cds, Prefix + host);
        Assert.Equal("absent", ReasonOf(ClusterOf(feed, Prefix + host)));
        Assert.Equal(ResourceRole.Negative, feed.View.Current.Find(Cds, Prefix + host)!.Role);
        feed.Unwanted(Cds, Prefix + host);
        Assert.Empty(feed.View.Current.Resources(Cds));
        Assert.Equal(0, feed.Held());
        Assert.Empty(_told);
    }

    public static TheoryData<string, string, bool> Ends => new()
    {
        { nameof(NameState.Absent), "absent", false },
        { nameof(NameState.Denied), "denied", true },
        { nameof(NameState.Expired), "expired", false },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void Name_InUse_ThatEnds_KeepsItsCluster_AndLosesItsEndpoints(string state, string reason, bool isDropped)
    {
        var views = Views(null);
        var feed = Envoy(views);
        feed.Wanted(Cds, Prefix + Checkout);
        feed.Wanted(Eds, Checkout + ":80");
        views.Publish(CachedNames.Fresh);
        views.Publish(state switch
        {
            nameof(NameState.Absent) => CachedNames.Absent,
            nameof(NameState.Denied) => CachedNames.Denied,
            _ => CachedNames.Expired,
        });
        var cluster = ClusterOf(feed, Prefix + Checkout);
        Assert.Equal((Cluster.Types.DiscoveryType.Eds, reason), (cluster.Type, ReasonOf(cluster)));
        var endpoints = Golden.Read(feed.View.Current.Find(Eds, Checkout + ":80")!)
            .Unpack<EnvoyApi.Endpoints.ClusterLoadAssignment>();
        Assert.Empty(endpoints.Endpoints);
        Assert.Equal(isDropped ? 100U : null, endpoints.Policy?.DropOverloads.Single().DropPercentage.Numerator);
    }

    [Fact]
    public void Endpoints_OfTheAuthority_AreServedUnderTheirLocator()
    {
        var views = Views(null);
        var node = new ClientNode("pod", "", "", "", "", "envoy", "1.40.0", Struct.Parser.ParseJson(
            """{"fairlead": {"endpoints": "authority"}}"""));
        var clusters = views.Feed(node, Cds);
        clusters.Wanted(Cds, Prefix + Checkout);
        views.Publish(CachedNames.Fresh);
        var service = ClusterOf(clusters, Prefix + Checkout).EdsClusterConfig;
        Assert.Equal(
            "xdstp://fairlead/envoy.config.endpoint.v3.ClusterLoadAssignment/" + Checkout + ":80",
            service.ServiceName);
        Assert.NotNull(service.EdsConfig.Ads);

        var stream = views.Feed(node, null);
        stream.Wanted(Eds, service.ServiceName);
        Assert.Equal(
            service.ServiceName,
            Golden.Read(stream.View.Current.Find(Eds, service.ServiceName)!)
                .Unpack<EnvoyApi.Endpoints.ClusterLoadAssignment>().ClusterName);
    }

    /// <summary>Of an authority's stream an Envoy asks for clusters, but never for secrets: the stream of those has
    /// another view, in which nobody wants the name.</summary>
    [Fact]
    public async Task Bundle_OfAClusterOfTheAuthority_IsServedOnAStreamOfItsOwn()
    {
        var shapes = Shapes();
        var views = Views(shapes);
        var node = new ClientNode("pod", "", "", "", "", "envoy", "1.40.0", Struct.Parser.ParseJson(
            """{"fairlead": {"endpoints": "authority"}}"""));
        var authority = views.Feed(node, null);
        authority.Wanted(Cds, Prefix + Checkout);
        var others = views.Feed(node, ResourceType.Secret);
        views.Publish(Guarded("pem"));
        var bundle = BundleOf(ClusterOf(authority, Prefix + Checkout));
        var first = others.View.Current.Find(ResourceType.Secret, bundle);
        Assert.NotNull(first);
        views.Publish(Guarded("other"));
        Assert.NotEqual(first.Version, others.View.Current.Find(ResourceType.Secret, bundle)!.Version);
        Assert.Empty(others.View.Current.Resources(Cds));

        // A collection of that view leads to all of it, and to the bundle alone once nobody asks for it.
        others.Wanted(Cds, Glob);
        Assert.Equal(bundle, BundleOf(ClusterOf(others, Prefix + Checkout)));
        Assert.NotEmpty(others.View.Current.Resources(Eds));
        others.Unwanted(Cds, Glob);
        Assert.Equal([bundle], others.View.Current.Resources(ResourceType.Secret).Keys);
        Assert.Empty(others.View.Current.Resources(Eds));

        // It ends with what it is for.
        views.Publish(ServedName.Without(Checkout, Reasons.Denied, Guarded("pem").Ports));
        Assert.Empty(others.View.Current.Resources(ResourceType.Secret));
        await shapes.DisposeAsync();
        views = Views(null);
        others = views.Feed(node, ResourceType.Secret);
        views.Publish(Guarded("pem"));
        Assert.NotEmpty(others.View.Current.Resources(ResourceType.Secret));
        views.Forget(Checkout);
        Assert.Empty(others.View.Current.Resources(ResourceType.Secret));
    }

    private static ServedName Guarded(string bundle)
    {
        var name = ServedNameMapping.Map(CachedNames.Fresh);
        var peer = new TlsPeer(
            "peer", ["spiffe://us1.example/sa"],
            ImmutableSortedDictionary<string, string>.Empty.Add("us1.example", bundle), Checkout);
        return name with
        {
            Endpoints = [.. name.Endpoints.Select(endpoint => endpoint with { Peer = peer.Id })],
            Tls = new ServedTls([peer], ClientTls.None),
        };
    }

    private static string BundleOf(Cluster cluster) =>
        cluster.TransportSocket.TypedConfig.Unpack<EnvoyApi.TransportSockets.UpstreamTlsContext>().CommonTlsContext
            .CombinedValidationContext.ValidationContextSdsSecretConfig.Name;

    [Fact]
    public async Task TenThousandHosts_AreBounded_AndTheGoodNameStaysServed()
    {
        var views = Views(null);
        var feed = Envoy(views);
        feed.Wanted(Cds, Prefix + Checkout);
        views.Publish(CachedNames.Fresh);
        Assert.Equal("^" + Checkout, _told[^1]);
        for (var i = 0; i < 10_000; i++)
        {
            Ask(i);
        }

        // Of those that lead nowhere the resolver keeps a thousand; the others are told from memory.
        Assert.Equal(1_000 + 1, _told.Count(word => word[0] == '+') - _told.Count(word => word[0] == '-'));
        Assert.NotNull(feed.View.Current.Find(Cds, Prefix + NameOf(0)));

        // The stream lets the oldest go for others: nothing of them stays.
        for (var i = 10_000; i < 20_000; i++)
        {
            feed.Unwanted(Cds, Prefix + NameOf(i - 10_000));
            Ask(i);
        }

        await TestKit.Processes.Eventually.HoldsAsync(
            () => Task.FromResult(feed.Held()), held => held == 10_001, TimeSpan.FromMinutes(3),
            TestContext.Current.CancellationToken);
        Assert.Equal(10_001, feed.View.Current.Resources(Cds).Count(one => one.Key.StartsWith('x')));
        Assert.Equal(Cluster.Types.DiscoveryType.Eds, ClusterOf(feed, Prefix + Checkout).Type);

        // Asked for anew, one that was given up is looked up again.
        _told.Clear();
        views.Open(ClientNode.Anonymous, null);
        views.Feed(ClientNode.Anonymous, null).Wanted(Cds, NameOf(10_000));
        Assert.Equal(["+" + NameOf(10_000)], _told);

        void Ask(int i)
        {
            feed.Wanted(Cds, Prefix + NameOf(i));
            views.Publish(CachedNames.Absent with { Name = NameOf(i), LastRecord = null });
        }

        static string NameOf(int i) => $"random-{i}.shop.svc.us1.internal";
    }

    [Fact]
    public void Name_AskedForBeforeItExisted_IsFound_HoweverManyLeadNowhere()
    {
        var views = Views(null);
        var feed = Envoy(views);
        feed.Wanted(Cds, Prefix + Checkout);
        views.Publish(CachedNames.Absent with { LastRecord = null });
        for (var i = 0; i < 1_100; i++)
        {
            feed.Wanted(Cds, Prefix + NameOf(i));
            views.Publish(CachedNames.Absent with { Name = NameOf(i), LastRecord = null });
        }

        Assert.Contains("-" + Checkout, _told);
        for (var second = 0; second < 60; second++)
        {
            _told.Clear();
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.InRange(_told.Count(word => word[0] == '+'), 0, 10);
            foreach (var name in _told.Where(word => word[0] == '+').Select(word => word[1..]).ToList())
            {
                // Nobody is told that it is looked up again, only what came of it.
                views.Publish(CachedNames.Pending() with { Name = name });
                Assert.Equal("absent", ReasonOf(ClusterOf(feed, Prefix + name)));
                views.Publish(name == Checkout
                    ? CachedNames.Fresh
                    : CachedNames.Absent with { Name = name, LastRecord = null });
            }
        }

        Assert.Equal(ResourceRole.Ordinary, feed.View.Current.Find(Cds, Prefix + Checkout)!.Role);

        static string NameOf(int i) => $"random-{i}.shop.svc.us1.internal";
    }

    /// <summary>What the proxy or DNS alone wants may leave for others, however good it is.</summary>
    [Fact]
    public void Name_ThatNoClientUses_IsNotKeptBeforeOthers()
    {
        var views = Views(null);
        views.Publish(CachedNames.Fresh);
        Assert.False(views.IsServing(Checkout));
        Assert.Empty(_told);
        var feed = Envoy(views);
        feed.Wanted(Cds, Checkout);
        Assert.True(views.IsServing(Checkout));
        views.Publish(CachedNames.Fresh);
        Assert.Equal(["+" + Checkout, "^" + Checkout], _told);
        feed.Unwanted(Cds, Checkout);
        Assert.False(views.IsServing(Checkout));
    }

    private static TimeSpan Hold => new OnDemandOptions().Hold;

    private static Cluster ClusterOf(ViewFeed feed, string name) =>
        Golden.Read(feed.View.Current.Find(Cds, name)!).Unpack<Cluster>();

    private static string ReasonOf(Cluster cluster) =>
        cluster.Metadata.FilterMetadata["fairlead"].Fields["reason"].StringValue;

    private static ViewFeed Envoy(ServedViews views) => views.Feed(ClientNode.Anonymous, Cds);

    // A resolver that forgets at once what it is told to.
    private ServedViews Views(ShapeFile? shapes, params string[] imports)
    {
        ServedViews? views = null;
        views = new ServedViews(
            imports.ToHashSet(StringComparer.Ordinal),
            (name, isWanted) =>
            {
                _told.Add((isWanted ? "+" : "-") + name);
                if (!isWanted)
                {
                    _ = Task.Run(() => views!.Forget(name));
                }
            },
            shapes,
            renew: name => _told.Add("^" + name),
            time: _time);
        return views;
    }

    private ShapeFile Shapes() => new(
        Path.Combine(_folder, "imports.state"), new HashSet<string> { Other }, reason => Assert.Fail(reason));
}
