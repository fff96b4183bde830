using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>What clients are told of names as they come, go, end and come back.</summary>
public sealed class ServedViewsTests : IDisposable
{
    private const string Checkout = CachedNames.Checkout;
    private const string Cluster = Checkout + ":80";
    private const string Other = "other.shop.svc.us1.internal";

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-views-").FullName;
    private readonly List<string> _failed = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Views_OfWhichNothingIsKnown_TellNoEmptyWorldHoweverLong()
    {
        var views = Views(null, Checkout, Other);
        views.Publish(CachedNames.Pending());
        views.EndPatience();
        views.Publish(CachedNames.Unreachable());
        Assert.False(Snapshot(views).Primed);
        Assert.False(views.Settled.IsCompleted);
        Assert.Equal([Checkout, Other], views.Unanswered);
    }

    [Fact]
    public void Views_OfWhichAllIsKnown_AreToldAtOnce()
    {
        var views = Views(null, Checkout);
        views.Publish(CachedNames.Fresh);
        Assert.True(Snapshot(views).Primed);
        Assert.True(views.Settled.IsCompleted);
        Assert.Equal([Cluster], Snapshot(views).Wildcard(ResourceType.Cluster));
        Assert.NotNull(Snapshot(views).Find(ResourceType.Route, "fairlead"));
    }

    [Fact]
    public void Views_OfWhichSomethingIsKnown_AreToldAfterThePatience()
    {
        var views = Views(null, Checkout, Other);
        views.Publish(CachedNames.Fresh);
        Assert.False(Snapshot(views).Primed);
        views.EndPatience();
        Assert.True(views.Settled.IsCompleted);
        Assert.Equal([Other, Cluster], Snapshot(views).Wildcard(ResourceType.Cluster).Order(
            StringComparer.Ordinal).Reverse());

        var late = Views(null, Checkout, Other);
        late.EndPatience();
        Assert.False(Snapshot(late).Primed);
        late.Publish(CachedNames.Fresh);
        Assert.True(Snapshot(late).Primed);
    }

    [Fact]
    public void Views_WithoutImports_AreToldAtOnce() => Assert.True(Snapshot(Views(null)).Primed);

    [Fact]
    public void Import_OfANewName_TellsNoEmptyWorldWhileNothingIsKnown()
    {
        // The home is out of reach since the start; the operator adds a name, or puts one in place of another.
        var views = Views(null, Checkout);
        views.EndPatience();
        views.Import(new HashSet<string> { Checkout, Other });
        Assert.False(Snapshot(views).Primed);
        Assert.False(views.Settled.IsCompleted);
        views.Publish(CachedNames.Fresh);
        Assert.True(Snapshot(views).Primed);

        var early = Views(null, Other);
        early.Import(new HashSet<string> { Checkout });
        Assert.False(Snapshot(early).Primed);
        early.Publish(CachedNames.Fresh);
        Assert.True(Snapshot(early).Primed);
    }

    [Fact]
    public void Import_OfANameThatIsServed_LeavesItsAnswer()
    {
        var views = Views(null, Other);
        views.Publish(CachedNames.Fresh);
        var known = Views(null, Checkout);
        known.Publish(CachedNames.Fresh);
        views.Import(new HashSet<string> { Checkout, Other });
        views.EndPatience();
        string VersionIn(ServedViews of) => Snapshot(of).Find(ResourceType.Endpoints, Cluster)!.Version;
        Assert.Equal(VersionIn(known), VersionIn(views));
        Assert.True(Snapshot(views).Primed);
    }

    [Fact]
    public async Task Restart_WithKnownShapes_TellsTheSameClustersAndNothingOfEndpoints()
    {
        var before = await ResolvedOnceAsync();
        var after = Views(Shapes(Checkout), Checkout);
        Assert.True(Snapshot(after).Primed);
        Assert.False(after.Settled.IsCompleted);
        Assert.Equal(before.Find(ResourceType.Cluster, Cluster)!.Version,
            Snapshot(after).Find(ResourceType.Cluster, Cluster)!.Version);
        Assert.Equal(before.Find(ResourceType.Route, "fairlead")!.Version,
            Snapshot(after).Find(ResourceType.Route, "fairlead")!.Version);
        Assert.Null(Snapshot(after).Find(ResourceType.Endpoints, Cluster));
        Assert.Empty(_failed);
    }

    /// <summary>A client may hold endpoints since before a restart, and would use them without end: who is only out of
    /// reach leaves them, whose answer fails every check does not.</summary>
    [Theory]
    [InlineData(VerificationFailure.VerifierTooOld, "refused")]
    [InlineData(VerificationFailure.IdentityOutOfScope, "refused")]
    [InlineData(VerificationFailure.SubjectUnknown, "no-identity")]
    public async Task Restart_WithWhatIsRefusedNow_EmptiesWhatClientsHold(VerificationFailure failure, string reason)
    {
        await ResolvedOnceAsync();
        var after = Views(Shapes(Checkout), Checkout);
        after.Publish(CachedNames.Unreachable());
        Assert.Null(Snapshot(after).Find(ResourceType.Endpoints, Cluster));
        after.Publish(CachedNames.Refused(failure));
        Assert.False(after.Settled.IsCompleted);
        Assert.Equal(
            Resource.Create(AssignmentTranslation.Empty(Cluster, reason)).Version,
            Snapshot(after).Find(ResourceType.Endpoints, Cluster)!.Version);
        Assert.Equal(ResourceRole.Ordinary, Snapshot(after).Find(ResourceType.Endpoints, Cluster)!.Role);
        after.Publish(CachedNames.Fresh);
        Assert.Equal(
            Snapshot(Served()).Find(ResourceType.Endpoints, Cluster)!.Version,
            Snapshot(after).Find(ResourceType.Endpoints, Cluster)!.Version);

        static ServedViews Served()
        {
            var views = Views(null, Checkout);
            views.Publish(CachedNames.Fresh);
            return views;
        }
    }

    /// <summary>It is no answer of an import: a pod of which nobody knows who it is must not be taken for ready, nor
    /// what is told of everything for the whole. Who asks for its endpoints is told that there are none.</summary>
    [Theory]
    [InlineData(VerificationFailure.VerifierTooOld, "refused")]
    [InlineData(VerificationFailure.SubjectUnknown, "no-identity")]
    [InlineData(VerificationFailure.TokenAudience, "no-identity")]
    public void Import_ThatIsRefused_IsNotAnswered_AndPrimesNothing(VerificationFailure failure, string reason)
    {
        var views = Views(null, Checkout, Other);
        var feed = views.Feed(ClientNode.Anonymous, null);
        feed.Wanted(ResourceType.Endpoints, Cluster);
        views.Publish(CachedNames.Refused(failure));
        views.EndPatience();
        Assert.False(Snapshot(views).Primed);
        Assert.False(views.Settled.IsCompleted);
        Assert.Equal([Checkout, Other], views.Unanswered);
        Assert.Equal(
            Resource.Create(AssignmentTranslation.Empty(Cluster, reason)).Version,
            feed.View.Current.Find(ResourceType.Endpoints, Cluster)!.Version);

        views.Publish(CachedNames.Refused(failure, Other));
        Assert.False(Snapshot(views).Primed);
        Assert.False(views.Settled.IsCompleted);
        views.Publish(CachedNames.Fresh);
        Assert.True(Snapshot(views).Primed);
        Assert.Equal([Other], views.Unanswered);
    }

    [Fact]
    public async Task Restart_WithADamagedShapeFile_StartsWithoutAndSaysSo()
    {
        await ResolvedOnceAsync();
        await File.AppendAllTextAsync(ShapePath, "x", TestContext.Current.CancellationToken);
        var after = Views(Shapes(Checkout), Checkout);
        Assert.False(Snapshot(after).Primed);
        Assert.Contains("imports.state", Assert.Single(_failed), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shapes_OfNamesThatAreNoLongerImported_AreThoseOfNamesThatWereUsed()
    {
        await ResolvedOnceAsync();
        var shapes = Shapes(Other);
        shapes.Remember(ServedName.Without(Other, Reasons.Absent, [new ServedPort("http", 80, "http")]));
        await shapes.DisposeAsync();
        Assert.Equal([Checkout], Shapes(Other).Used);
        Assert.Equal([Other], Shapes(Checkout).Used);
        Assert.Single(Shapes(Checkout).Pending(Checkout, ClientTls.None).Ports);
    }

    public static TheoryData<string, string> Ends => new()
    {
        { nameof(NameState.Absent), "absent" },
        { nameof(NameState.Denied), "denied" },
        { nameof(NameState.Expired), "expired" },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void Name_ThatEnds_KeepsItsClusterAndLosesItsEndpoints(string state, string reason)
    {
        var views = Views(null, Checkout);
        views.Publish(CachedNames.Fresh);
        var full = Snapshot(views).Find(ResourceType.Endpoints, Cluster)!;
        views.Publish(state switch
        {
            nameof(NameState.Absent) => CachedNames.Absent,
            nameof(NameState.Denied) => CachedNames.Denied,
            _ => CachedNames.Expired,
        });
        var snapshot = Snapshot(views);
        Assert.Equal([Cluster], snapshot.Wildcard(ResourceType.Cluster));
        var empty = Resource.Create(AssignmentTranslation.Empty(Cluster, reason));
        Assert.NotEqual(full.Version, snapshot.Find(ResourceType.Endpoints, Cluster)!.Version);
        Assert.Equal(empty.Version, snapshot.Find(ResourceType.Endpoints, Cluster)!.Version);
        views.Publish(CachedNames.Fresh);
        Assert.Equal(full.Version, Snapshot(views).Find(ResourceType.Endpoints, Cluster)!.Version);
    }

    [Fact]
    public void Routes_OfAnEndpointChange_AreNotBuiltAnew()
    {
        var views = Views(null, Checkout);
        views.Publish(CachedNames.Fresh);
        var routes = Snapshot(views).Find(ResourceType.Route, "fairlead");
        views.Publish(CachedNames.Stale);
        Assert.Same(routes, Snapshot(views).Find(ResourceType.Route, "fairlead"));
        views.Publish(CachedNames.Absent);
        Assert.NotEqual(routes!.Version, Snapshot(views).Find(ResourceType.Route, "fairlead")!.Version);
    }

    [Theory]
    [InlineData(false, "", "10.3.0.1:8080 1,10.9.0.1:15443 1")]
    [InlineData(true, "", "10.9.0.1:15443 2")]
    [InlineData(true, "vpc-2", "10.3.0.1:8080 1,10.3.0.2:8080 1")]
    [InlineData(true, "vpc-9", "10.9.0.1:15443 2")]
    public void Endpoint_BehindAGateway_IsReachedByItUnlessItsNetworkIsInReach(bool all, string reached, string served)
    {
        var name = ServedNameMapping.Map(
            CachedNames.BehindAGateway(all, reached.Split(',', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(served, string.Join(",", name.Endpoints.Select(
            endpoint => $"{endpoint.Address}:{endpoint.Ports[0]} {endpoint.Weight}")));
        Assert.Null(name.Reason);
        Assert.Single(name.Ports);
    }

    [Fact]
    public void Interest_ThatEnds_LeavesNothing()
    {
        var interests = new List<(string, bool)>();
        var feed = new ViewFeed(Audience.Envoy, new HashSet<string>(),
            (name, wanted) => interests.Add((name, wanted)));
        foreach (var spelling in new[] { Cluster, Checkout.ToUpperInvariant() })
        {
            feed.Wanted(ResourceType.Cluster, spelling);
        }

        feed.Publish(ServedNameMapping.Map(CachedNames.Fresh));
        Assert.NotNull(feed.View.Current.Find(ResourceType.Cluster, Checkout.ToUpperInvariant()));
        foreach (var spelling in new[] { Cluster, Checkout.ToUpperInvariant() })
        {
            feed.Unwanted(ResourceType.Cluster, spelling);
        }

        feed.Remove(Checkout);
        Assert.Equal([(Checkout, true), (Checkout, false)], interests);
        Assert.Equal(0, feed.Held());
        Assert.Empty(feed.View.Current.Resources(ResourceType.Cluster));
        Assert.Empty(feed.View.Current.Resources(ResourceType.Endpoints));
    }

    [Fact]
    public void Spellings_BeyondTheLimit_AreAnsweredAtOnce_AndTakeNoGoodNameAway()
    {
        var feed = new ViewFeed(Audience.Envoy, new HashSet<string>(), (_, _) => { });
        var forms = Enumerable.Range(0, 40).Select(i =>
            string.Concat(Checkout.Select((letter, at) => (i >> at) % 2 == 1 ? char.ToUpperInvariant(letter) : letter)))
            .Skip(1).ToList();
        string[] good = [Cluster, Checkout, "outbound|80||" + Checkout];
        List<string> spellings =
        [
            .. Enumerable.Range(0, 40).Select(i => Checkout + ":" + (8000 + i)),
            .. Enumerable.Range(0, 40).Select(i => forms[0] + ":" + (8000 + i)), .. forms, .. good,
        ];
        spellings.ForEach(spelling => feed.Wanted(ResourceType.Cluster, spelling));
        spellings.ForEach(spelling => feed.Wanted(ResourceType.Endpoints, spelling));
        Assert.NotNull(feed.View.Current.Find(ResourceType.Cluster, forms[32]));
        feed.Publish(ServedNameMapping.Map(CachedNames.Fresh));
        var clusters = feed.View.Current.Resources(ResourceType.Cluster);
        Assert.Equal(spellings.Count, clusters.Count);
        Assert.All(good, spelling => Assert.Equal(ResourceRole.Ordinary, clusters[spelling].Role));
        Assert.Equal(32, forms.Count(form => clusters[form].Role == ResourceRole.Alias));
        Assert.Equal(ResourceRole.Negative, clusters[Checkout + ":8000"].Role);
        Assert.NotNull(feed.Missing(ResourceType.Endpoints, forms[32]));

        // One that comes or goes leaves the others as they are.
        feed.Unwanted(ResourceType.Cluster, Checkout + ":8000");
        feed.Unwanted(ResourceType.Endpoints, Checkout + ":8000");
        Assert.Equal(spellings.Count - 1, feed.View.Current.Resources(ResourceType.Cluster).Count);
        Assert.Null(feed.View.Current.Find(ResourceType.Endpoints, Checkout + ":8000"));
        spellings.Remove(Checkout + ":8000");
        spellings.ForEach(spelling => feed.Unwanted(ResourceType.Cluster, spelling));
        spellings.ForEach(spelling => feed.Unwanted(ResourceType.Endpoints, spelling));
        feed.Remove(Checkout);
        Assert.Equal(0, feed.Held());
        Assert.Empty(feed.View.Current.Resources(ResourceType.Cluster));
        Assert.Empty(feed.View.Current.Resources(ResourceType.Endpoints));
    }

    [Fact]
    public void Missing_InAnOlderSnapshotThanWhatIsPublished_IsNoEmptyAssignment()
    {
        var feed = new ViewFeed(Audience.Envoy, new HashSet<string> { Checkout }, (_, _) => { });
        var fresh = ServedNameMapping.Map(CachedNames.Fresh);
        feed.Publish(ServedName.Without(Checkout, Reasons.Pending, fresh.Ports));
        var held = feed.View.Current;
        Assert.Null(held.Find(ResourceType.Endpoints, Cluster));
        Assert.Null(feed.Missing(ResourceType.Endpoints, Cluster));

        feed.Publish(fresh);

        // A stream that still looks at what it held waits for the endpoints, and tells no client that there are none.
        Assert.Null(feed.Missing(ResourceType.Endpoints, Cluster));
        Assert.NotNull(feed.View.Current.Find(ResourceType.Endpoints, Cluster));
        Assert.NotNull(feed.Missing(ResourceType.Endpoints, Other + ":80"));
    }

    private string ShapePath => Path.Combine(_folder, "imports.state");

    private static ResourceSnapshot Snapshot(ServedViews views) =>
        views.Open(ClientNode.Anonymous, null).Current;

    private static ServedViews Views(ShapeFile? shapes, params string[] imports) =>
        new(imports.ToHashSet(StringComparer.Ordinal), (_, _) => { }, shapes, time: new ManualTimeProvider());

    private ShapeFile Shapes(params string[] imports) =>
        new(ShapePath, imports.ToHashSet(StringComparer.Ordinal), _failed.Add);

    private async Task<ResourceSnapshot> ResolvedOnceAsync()
    {
        var shapes = Shapes(Checkout);
        var views = Views(shapes, Checkout);
        Assert.False(Snapshot(views).Primed);
        views.Publish(CachedNames.Fresh);
        await shapes.DisposeAsync();
        return Snapshot(views);
    }
}
