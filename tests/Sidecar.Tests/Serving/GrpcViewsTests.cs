using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Naming;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>What a proxyless gRPC client is told of names that lead nowhere: a client must not wait for ever, so that
/// whoever calls is told that it fails.</summary>
public sealed class GrpcViewsTests : IDisposable
{
    private const string Checkout = CachedNames.Checkout;

    private static readonly ResourceType[] Types =
        [ResourceType.Listener, ResourceType.Route, ResourceType.Cluster, ResourceType.Endpoints];

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-grpc-").FullName;
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>No service can have these names, and the resolver is not asked.</summary>
    [Theory]
    [InlineData("example.com")]
    [InlineData("foo:99999")]
    [InlineData("checkout.shop.svc.us1.internal:0")]
    public void Name_ThatNoServiceHas_IsToldAtOnce(string name)
    {
        var feed = Grpc(Views());
        AskAll(feed, name);
        Assert.Equal("absent", ReasonOf(feed, name));
        Assert.All(Types, type => Assert.NotNull(feed.View.Current.Find(type, name)));
        Assert.Empty(EndpointsOf(feed, name));
        foreach (var type in Types)
        {
            feed.Unwanted(type, name);
        }

        Assert.All(Types, type => Assert.Null(feed.View.Current.Find(type, name)));
        Assert.Equal(0, feed.Held());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Name_OfWhichNothingComes_IsToldAsPendingInTime_ToWhoHoldsNothing(bool isResolving)
    {
        var views = Views();
        var feed = Grpc(views);
        AskAll(feed, Checkout);
        if (isResolving)
        {
            views.Publish(CachedNames.Pending());
        }

        _time.Advance(GrpcHold - TimeSpan.FromMilliseconds(1));
        Assert.Null(feed.View.Current.Find(ResourceType.Listener, Checkout));
        Assert.Null(feed.Missing(ResourceType.Endpoints, Checkout));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("pending", ReasonOf(feed, Checkout));
        Assert.All(Types, type => Assert.Equal(
            ResourceRole.StandIn, feed.View.Current.Find(type, Checkout)?.Role));

        views.Publish(CachedNames.Fresh);
        Assert.All(Types[..3], type => Assert.Equal(
            ResourceRole.Ordinary, feed.View.Current.Find(type, Checkout)?.Role));
        Assert.NotEmpty(EndpointsOf(feed, Checkout + ":80"));
    }

    /// <summary>Nothing is waited for that was refused everywhere, and a caller is told why.</summary>
    [Theory]
    [InlineData(VerificationFailure.ProofMismatch, "refused")]
    [InlineData(VerificationFailure.SubjectUnknown, "no-identity")]
    public void Name_ThatIsRefused_IsToldAtOnce(VerificationFailure failure, string reason)
    {
        var views = Views();
        var feed = Grpc(views);
        AskAll(feed, Checkout);
        views.Publish(CachedNames.Refused(failure));
        Assert.Equal(reason, ReasonOf(feed, Checkout));
        Assert.All(Types, type => Assert.Equal(
            ResourceRole.Negative, feed.View.Current.Find(type, Checkout)?.Role));
        Assert.Empty(EndpointsOf(feed, Checkout));
    }

    /// <summary>After a restart a client that is new is given the clusters of an import as they were: they must not
    /// wait for endpoints that nobody can reach.</summary>
    [Fact]
    public async Task Endpoints_OfAnImportThatIsNotReached_AreToldAsNoneInTime()
    {
        var shapes = Shapes();
        var views = Views(shapes, Checkout);
        views.Publish(CachedNames.Fresh);
        await shapes.DisposeAsync();

        var again = Shapes();
        var after = Views(again, Checkout);
        after.Publish(CachedNames.Unreachable());
        foreach (var feed in new[] { Grpc(after), after.Feed(ClientNode.Anonymous, null) })
        {
            feed.Wanted(ResourceType.Cluster, Checkout + ":80");
            feed.Wanted(ResourceType.Endpoints, Checkout + ":80");
            Assert.NotNull(feed.View.Current.Find(ResourceType.Cluster, Checkout + ":80"));
            Assert.Null(feed.View.Current.Find(ResourceType.Endpoints, Checkout + ":80"));
            _time.Advance(Hold);
            Assert.Equal(
                ResourceRole.StandIn, feed.View.Current.Find(ResourceType.Endpoints, Checkout + ":80")?.Role);
            Assert.Empty(EndpointsOf(feed, Checkout + ":80"));
        }

        after.Publish(CachedNames.Fresh);
        Assert.NotEmpty(EndpointsOf(Grpc(after), Checkout + ":80"));
        await again.DisposeAsync();
    }

    /// <summary>A client may hold endpoints of any name since before a restart, and they may have identities: a cluster
    /// that knows of none must not lead to them, and is for who holds nothing.</summary>
    [Theory]
    [InlineData(true, Checkout)]
    [InlineData(true, Checkout + ":80")]
    [InlineData(false, Checkout)]
    [InlineData(false, Checkout + ":80")]
    public void Name_WithoutAShape_IsNotToldOverWhatAClientHolds(bool isImport, string asked)
    {
        var views = isImport ? Views(null, Checkout) : Views();
        var feed = Grpc(views);
        AskAll(feed, asked);
        views.Publish(CachedNames.Unreachable());
        Assert.All(Types, type => Assert.Null(feed.View.Current.Find(type, asked)));
        _time.Advance(GrpcHold);
        Assert.All(Types, type => Assert.Equal(ResourceRole.StandIn, feed.View.Current.Find(type, asked)?.Role));
        var cluster = Golden.Read(feed.View.Current.Find(ResourceType.Cluster, asked)!).Unpack<Cluster>();
        var nowhere = cluster.EdsClusterConfig.ServiceName;
        Assert.NotEqual(asked, nowhere);
        feed.Wanted(ResourceType.Endpoints, nowhere);
        Assert.Empty(EndpointsOf(feed, nowhere));
    }

    private static TimeSpan Hold => new OnDemandOptions().Hold;

    private static TimeSpan GrpcHold => XdsLimits.Default.FirstAnswer;

    private static ViewFeed Grpc(ServedViews views) =>
        views.Feed(ClientNode.Anonymous with { UserAgent = "gRPC C-core linux Python" }, null);

    private static void AskAll(ViewFeed feed, string name)
    {
        foreach (var type in Types)
        {
            feed.Wanted(type, name);
        }
    }

    private static string ReasonOf(ViewFeed feed, string name) => Golden.Read(
        feed.View.Current.Find(ResourceType.Cluster, name)!).Unpack<Cluster>()
        .Metadata.FilterMetadata["fairlead"].Fields["reason"].StringValue;

    private static IEnumerable<LocalityLbEndpoints> EndpointsOf(ViewFeed feed, string name) => Golden.Read(
        feed.View.Current.Find(ResourceType.Endpoints, name)!).Unpack<ClusterLoadAssignment>().Endpoints;

    private ServedViews Views(ShapeFile? shapes = null, params string[] imports) => new(
        imports.ToHashSet(StringComparer.Ordinal), (_, _) => { }, shapes, time: _time);

    private ShapeFile Shapes() => new(
        Path.Combine(_folder, "imports.state"), new HashSet<string> { Checkout }, reason => Assert.Fail(reason));
}
