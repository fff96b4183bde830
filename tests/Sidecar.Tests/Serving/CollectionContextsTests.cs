using System.Collections.Immutable;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>Contexts of the collection come and go, in any order with all else that does.</summary>
public sealed class CollectionContextsTests
{
    private const string Import = "import" + OnDemandWorld.Suffix;
    private const string Used = "used" + OnDemandWorld.Suffix;
    private const string Next = "next" + OnDemandWorld.Suffix;

    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly string[] Names = [Import, Used, Next];

    private static readonly string[] Asked =
    [
        ClusterNames.Glob, ClusterNames.Glob + "?a=1", ClusterNames.Glob + "?a=2",
        ClusterNames.Located(Import), ClusterNames.Located(Import + ":80", "?a=1"), ClusterNames.Located(Used),
        ClusterNames.Located(Used + ":81"), Import, Used + ":80", Next,
    ];

    [Fact]
    public void Context_ThatGoes_LeavesWhatIsAskedForByName()
    {
        var feed = Feed();
        feed.Publish(OnDemandWorld.Named(Import));
        feed.Wanted(Cds, ClusterNames.Glob);
        feed.Wanted(Cds, ClusterNames.Located(Import));
        Assert.Equal(3, feed.View.Current.Located(Cds).Count);
        feed.Unwanted(Cds, ClusterNames.Glob);
        Assert.Empty(feed.View.Current.Located(Cds));
        Assert.NotNull(feed.View.Current.Find(Cds, ClusterNames.Located(Import)));
        Assert.Null(feed.View.Current.Find(Cds, ClusterNames.Located(Import + ":80")));
    }

    /// <summary>A context more is no reason to tell who has another of other names.</summary>
    [Fact]
    public void Used_AreThoseOfWhoAskedFirst_WhileSomebodyAsks()
    {
        var feed = Feed();
        feed.Publish(OnDemandWorld.Named(Used));
        feed.Publish(OnDemandWorld.Named(Next));
        feed.Wanted(Cds, ClusterNames.Glob + "?a=1");
        feed.Use(new HashSet<string> { Next });
        feed.Wanted(Cds, ClusterNames.Glob + "?a=2");
        Assert.Equal(
            [Used + ":80?a=1", Used + ":80?a=2", Used + "?a=1", Used + "?a=2"], Members(feed));
        feed.Unwanted(Cds, ClusterNames.Glob + "?a=1");
        feed.Unwanted(Cds, ClusterNames.Glob + "?a=2");
        Assert.Empty(feed.View.Current.Resources(Cds));
        feed.Wanted(Cds, ClusterNames.Glob);
        Assert.Equal([Next, Next + ":80"], Members(feed));
    }

    /// <summary>A client of gRPC may ask for anything too.</summary>
    [Fact]
    public void Collection_OfAClientOfGrpc_HoldsItsClusters()
    {
        var feed = new ViewFeed(Audience.Grpc, new HashSet<string> { Import }, static (_, _) => { });
        feed.Publish(OnDemandWorld.Named(Import));
        feed.Wanted(Cds, ClusterNames.Glob);
        Assert.Equal([Import, Import + ":80"], Members(feed));
        feed.Unwanted(Cds, ClusterNames.Glob);
        Assert.Empty(feed.View.Current.Located(Cds));
    }

    /// <summary>Whatever came and went before, clients see what they would had it been so from the start.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void View_IsThatOfAFeedWithoutAPast(int seed)
    {
        var random = new Random(seed);
        var feed = Feed();
        var served = new Dictionary<string, ServedName>();
        var counts = new int[Asked.Length];
        for (var i = 0; i < 400; i++)
        {
            var at = random.Next(Asked.Length);
            if (random.Next(3) == 0)
            {
                var name = State(Names[random.Next(Names.Length)], random.Next(5));
                feed.Publish(served[name.Name] = name);
            }
            else if (counts[at] > 0 && random.Next(2) == 0)
            {
                counts[at]--;
                feed.Unwanted(Cds, Asked[at]);
            }
            else
            {
                counts[at]++;
                feed.Wanted(Cds, Asked[at]);
            }

            var fresh = Feed();
            foreach (var name in served.Values)
            {
                fresh.Publish(name);
            }

            for (var one = 0; one < Asked.Length; one++)
            {
                for (var times = 0; times < counts[one]; times++)
                {
                    fresh.Wanted(Cds, Asked[one]);
                }
            }

            Assert.Equal(Seen(fresh), Seen(feed));
        }
    }

    // The members of names, without the locators' beginning.
    private static IEnumerable<string> Members(ViewFeed feed) =>
        feed.View.Current.Located(Cds).Select(one => one[ClusterNames.Located("").Length..])
            .Where(one => !one.StartsWith(Resource.SentinelId, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static ViewFeed Feed() => new(
        Audience.Envoy with { Plain = EndpointSource.Stream, Located = EndpointSource.Stream },
        new HashSet<string> { Import }, static (_, _) => { }, new HashSet<string> { Used });

    // What was known of a name before a restart does not show, where it had identities.
    private static ServedName State(string name, int kind)
    {
        ImmutableArray<ServedPort> ports = kind == 1
            ? [new ServedPort("http", 80, "http"), new ServedPort("tcp", 81, "tcp")]
            : [new ServedPort("http", 80, "http")];
        return kind switch
        {
            0 => OnDemandWorld.Named(name, 1),
            1 => OnDemandWorld.Named(name) with { Ports = ports },
            2 => ServedName.Without(name, Reasons.Denied, ports),
            3 => ServedName.Without(name, Reasons.Pending, ports) with { WasGuarded = true },
            _ => ServedName.Without(name, Reasons.Absent, []),
        };
    }

    private static List<string> Seen(ViewFeed feed)
    {
        var now = feed.View.Current;
        return
        [
            .. ResourceType.All.SelectMany(type => now.Resources(type).Values).Select(one =>
                $"{one.Type} {one.Name} {one.Version} {one.Role} "
                + now.Located(one.Type).Contains(one.Name)).Order(StringComparer.Ordinal),
        ];
    }
}
