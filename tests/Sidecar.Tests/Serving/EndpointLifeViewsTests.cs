using Fairlead.EnvoyApi.UpstreamHttp;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>How long an Envoy may use what it was told when the sidecar is gone: on virtual time.</summary>
public sealed class EndpointLifeViewsTests : IDisposable
{
    private const string Checkout = CachedNames.Checkout;
    private const string Canonical = Checkout + ":80";

    private static readonly ClientNode Grpc =
        ClientNode.Anonymous with { UserAgent = "gRPC C-core linux Python" };

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-life-").FullName;
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void StrictName_EndsWithItsAnswer_AndNoLater()
    {
        var views = Views(null);
        views.Publish(CachedNames.Fresh with { ExpiresAt = 60_750, EndsAt = 61_000 });
        var (first, cluster) = (Endpoints(views), Clusters(views));
        Assert.Equal(TimeSpan.FromSeconds(61), first.Until);

        // An answer that lives to the same moment is no word to clients; a renewed one is, at the same version.
        views.Publish(CachedNames.Fresh with { ExpiresAt = 60_751, EndsAt = 61_000 });
        Assert.Same(first, Endpoints(views));
        views.Publish(CachedNames.Fresh with { ExpiresAt = 80_000, EndsAt = 80_250 });
        Assert.Equal((TimeSpan.FromSeconds(80.25), first.Version), (Endpoints(views).Until, Endpoints(views).Version));

        // As one is that a new policy cuts short.
        views.Publish(CachedNames.Fresh with { ExpiresAt = 69_750, EndsAt = 70_000 });
        Assert.Equal((TimeSpan.FromSeconds(70), first.Version), (Endpoints(views).Until, Endpoints(views).Version));
        Assert.Same(cluster, Clusters(views));
        Assert.Null(views.Open(Grpc, null).Current.Find(ResourceType.Endpoints, Canonical)!.Until);

        views.Publish(CachedNames.Expired);
        Assert.Null(Endpoints(views).Until);
        views.Publish(CachedNames.Denied);
        Assert.Null(Endpoints(views).Until);
    }

    [Fact]
    public void StrictName_BoundsItsHttpStreams()
    {
        var name = ServedNameMapping.Map(CachedNames.Fresh);
        Assert.Equal(TimeSpan.FromMilliseconds(CachedNames.Fresh.Answer!.Record!.TtlMax), name.StreamMax);
        foreach (var (protocol, isBound) in new[] { ("http", true), ("http2", true), ("grpc", true), ("tcp", false) })
        {
            var options = OptionsOf(name with { Ports = [name.Ports[0] with { Protocol = protocol }] });
            Assert.Equal(
                isBound ? name.StreamMax : null,
                options?.CommonHttpProtocolOptions?.MaxStreamDuration?.ToTimeSpan());
        }

        Assert.Null(OptionsOf(name with { StreamMax = null }));
    }

    /// <summary>A stream of less than some seconds would be a request that fails.</summary>
    [Theory]
    [InlineData(1, 5_000)]
    [InlineData(5_000, 5_000)]
    [InlineData(7_000, 7_000)]
    public void StrictName_OfAShortLife_LeavesRequestsSomeSeconds(long ttlMax, int expected)
    {
        var name = CachedNames.Fresh;
        name = name with { LastRecord = name.LastRecord! with { TtlMax = ttlMax }, WasStrict = true };
        Assert.Equal(TimeSpan.FromMilliseconds(expected), ServedNameMapping.StreamMaxOf(name));
    }

    /// <summary>Else a restart would cost an Envoy each connection of the cluster, twice.</summary>
    [Fact]
    public async Task StrictName_AfterARestart_HasTheSameCluster()
    {
        var shapes = Shapes();
        var views = Views(shapes);
        views.Publish(CachedNames.Fresh);
        var before = Clusters(views);
        await shapes.DisposeAsync();

        var again = Shapes();
        Assert.Equal(before.Version, Clusters(Views(again)).Version);
        await again.DisposeAsync();
    }

    [Fact]
    public void OtherName_IsKeptAsLongAsTheEnvoyLives_WhereNothingElseIsSaid()
    {
        var views = Views(null);
        views.Publish(Default);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(Endpoints(views).Until);
    }

    [Fact]
    public void OtherName_WhereLossExpires_ThatIsToldAgainInTime()
    {
        var kept = TimeSpan.FromSeconds(60);
        var views = Views(null, kept);
        var watched = new List<Resource>();
        views.Publish(Default);
        for (var i = 0; i < 300; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1.7));
            var left = Endpoints(views).Until!.Value - _time.GetElapsedTime(0);
            Assert.InRange(left, kept, kept * 1.5);
            if (watched.Count == 0 || !ReferenceEquals(watched[^1], Endpoints(views)))
            {
                watched.Add(Endpoints(views));
            }
        }

        Assert.Equal(18, watched.Count);
        Assert.Single(watched.Select(one => one.Version).Distinct());
        Assert.Null(views.Open(Grpc, null).Current.Find(ResourceType.Endpoints, Canonical)!.Until);

        // A view that is made later begins where the others are; and what ends has no end.
        var late = views.Feed(ClientNode.Anonymous, ResourceType.Endpoints);
        late.Wanted(ResourceType.Endpoints, Canonical);
        Assert.Equal(Endpoints(views).Until, late.View.Current.Find(ResourceType.Endpoints, Canonical)!.Until);
        views.Publish(ServedName.Without(Checkout, Reasons.Absent, Default.Ports));
        _time.Advance(kept);
        Assert.Null(Endpoints(views).Until);
    }

    [Fact]
    public void StrictName_WhereLossExpires_StillEndsWithItsAnswer()
    {
        var views = Views(null, TimeSpan.FromSeconds(60));
        var end = _time.GetElapsedTime(0) + TimeSpan.FromSeconds(20);
        views.Publish(Default with { StrictUntil = end });
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(end, Endpoints(views).Until);
    }

    private static ServedName Default { get; } =
        ServedNameMapping.Map(CachedNames.Fresh) with { StrictUntil = null, StreamMax = null };

    private static HttpProtocolOptions? OptionsOf(ServedName name) => ClusterTranslation.Translate(
        Audience.Envoy, Canonical, Canonical, name.Ports[0], null, name).TypedExtensionProtocolOptions
        .GetValueOrDefault(WellKnown.HttpOptions)?.Unpack<HttpProtocolOptions>();

    private static Resource Endpoints(ServedViews views) => Find(views, ResourceType.Endpoints);

    private static Resource Clusters(ServedViews views) => Find(views, ResourceType.Cluster);

    private static Resource Find(ServedViews views, ResourceType type) =>
        views.Open(ClientNode.Anonymous, null).Current.Find(type, Canonical)!;

    private ServedViews Views(ShapeFile? shapes, TimeSpan? kept = null) => new(
        new HashSet<string> { Checkout }, static (_, _) => { }, shapes,
        onDemand: new OnDemandOptions { KeptFor = kept }, time: _time);

    private ShapeFile Shapes() => new(
        Path.Combine(_folder, "imports.state"), new HashSet<string> { Checkout },
        reason => throw new InvalidOperationException(reason));
}
