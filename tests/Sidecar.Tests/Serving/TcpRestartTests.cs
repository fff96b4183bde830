using System.Collections.Immutable;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>
/// Ports of TCP of a strict name after a restart that an Envoy has not noticed: where the first word on it is another
/// one than the last before, its connections end only while it asks about them.
/// </summary>
public sealed class TcpRestartTests : IAsyncDisposable
{
    private const string Name = "ledger.shop.svc.us1.internal";
    private const string Raw = Name + ":9000";

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1.2);

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-tcp-").FullName;
    // That of the process that runs; one that has ended does nothing more.
    private ManualTimeProvider _time = new();

    private readonly List<ShapeFile> _shapes = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var shapes in _shapes)
        {
            await shapes.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(Reasons.Denied)]
    [InlineData(Reasons.Absent)]
    public async Task Ended_IsSaidToWhoAsks_BeforeTheClusterHears(string reason)
    {
        var views = await RestartedAsync();
        var cluster = Find(views, ResourceType.Cluster, Raw)!.Version;
        Assert.Null(MayGoOn(views, 1));
        views.Publish(ServedName.Without(Name, reason, []));
        Assert.False(MayGoOn(views, 1));
        Assert.Equal(cluster, Find(views, ResourceType.Cluster, Raw)!.Version);
        Assert.Null(Find(views, ResourceType.Endpoints, Raw));
        Assert.Null(Missing(views, Raw));

        // What asks about nothing hears at once.
        Assert.Empty(Endpoints(views, Name + ":80"));
        views.Publish(ServedName.Without(Name, reason, []));
        _time.Advance(Step);
        var told = Golden(views, ResourceType.Cluster, Raw).Unpack<Cluster>();
        Assert.Equal(Cluster.Types.DiscoveryType.Static, told.Type);
        Assert.Equal(reason, told.Metadata.FilterMetadata["fairlead"].Fields["reason"].StringValue);
        Assert.Empty(Endpoints(views, Raw));
    }

    [Fact]
    public async Task Withdrawn_IsSaidToWhoAsks_BeforeTheOthersAreTold()
    {
        var views = await RestartedAsync();
        var located = ClusterNames.LocatedAssignment(Raw);
        views.Feed(ClientNode.Anonymous, null).Wanted(ResourceType.Endpoints, located);
        views.Publish(Served(2));
        Assert.Equal((false, true), (MayGoOn(views, 1), MayGoOn(views, 2)));
        Assert.Null(Find(views, ResourceType.Endpoints, Raw));
        Assert.Null(Find(views, ResourceType.Endpoints, located));
        Assert.Equal(["10.1.0.2"], Endpoints(views, Name + ":80"));
        _time.Advance(Step / 2);
        views.Publish(Served(2, 3));
        _time.Advance(Step / 2);
        Assert.Equal(["10.1.0.2", "10.1.0.3"], Endpoints(views, Raw));
        Assert.Equal(["10.1.0.2", "10.1.0.3"], Endpoints(views, located));
    }

    /// <summary>What was told last is what an Envoy holds: it is served on at once, and followed by steps from there.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unchanged_IsToldAtOnce(bool isGuarded)
    {
        ServedName Told(params int[] endpoints) =>
            isGuarded ? Guarded(Served(endpoints), "a", "b") : Served(endpoints);
        var before = Start(out var shapes);
        before.Publish(Told(1, 2, 3));
        before.Publish(Told(1, 2));
        _time.Advance(Step);
        await shapes.DisposeAsync();
        var views = Start(out _);
        Assert.Null(MayGoOn(views, 1));
        views.Publish(Told(2, 1));
        Assert.Equal(["10.1.0.1", "10.1.0.2"], Endpoints(views, Raw));
        Assert.Equal((true, false), (MayGoOn(views, 1), MayGoOn(views, 3)));
        views.Publish(Told(2));
        Assert.Equal(["10.1.0.1", "10.1.0.2"], Endpoints(views, Raw));
        _time.Advance(Step);
        Assert.Equal(["10.1.0.2"], Endpoints(views, Raw));
    }

    /// <summary>Who was told that an endpoint ends may still hold it, as who knows of an identity that is none any
    /// more.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unchanged_SinceARestartThatCutAStepShort_IsSaidToWhoAsksFirst(bool isOfIdentities)
    {
        ServedName Told(bool isLater) =>
            isOfIdentities ? Guarded(Served(2), isLater ? ["b"] : ["a", "b"]) : isLater ? Served(2) : Served(1, 2);
        var before = Start(out var shapes);
        before.Publish(Told(isLater: false));
        before.Publish(Told(isLater: true));
        await shapes.DisposeAsync();
        var views = Start(out _);
        views.Publish(Told(isLater: true));
        Assert.Null(Find(views, ResourceType.Endpoints, Raw));
        _time.Advance(Step);
        Assert.Equal(["10.1.0.2"], Endpoints(views, Raw));
    }

    /// <summary>What a restart leaves of a name says which ports it had: a verdict must not take their clusters away
    /// (xDS: one that clients hold is emptied).</summary>
    [Fact]
    public async Task Verdict_AfterARestart_KeepsTheClustersOfAllPorts()
    {
        var views = await RestartedAsync(isStrict: false);
        views.Publish(ServedName.Without(Name, Reasons.Denied, []));
        Assert.All(
            new[] { Raw, Name + ":80" },
            cluster => Assert.Equal(
                "denied",
                Golden(views, ResourceType.Cluster, cluster).Unpack<Cluster>()
                    .Metadata.FilterMetadata["fairlead"].Fields["reason"].StringValue));
        Assert.Empty(Endpoints(views, Raw));
    }

    private static bool? MayGoOn(ServedViews views, int endpoint) =>
        views.Connections.Ask(Raw, $"10.1.0.{endpoint}:9000");

    /// <summary>What is kept of identities has no bundles: a cluster of theirs is told on until its end as one that
    /// nobody passes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Identities_ThatAreOthersAfterARestart_AreFollowed(bool isInline)
    {
        var views = await RestartedAsync(name => Guarded(name, "a", "b"), isInline);
        views.Publish(Guarded(Served(1), "b"));
        _time.Advance(Step);
        views.Publish(Guarded(Served(1), "c"));
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(Step);
        }

        Assert.Equal(["10.1.0.1"], Endpoints(views, Raw));
        var told = Golden(views, ResourceType.Cluster, Raw).Unpack<Cluster>();
        Assert.Contains(WellKnown.Tls, told.TransportSocket.Name, StringComparison.Ordinal);
    }

    private static ServedName Guarded(ServedName name, params string[] accounts)
    {
        var bundles = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        var peers = accounts.Select(one => new TlsPeer(
            one, [$"spiffe://{one}.example/ns/shop/sa/{one}"], bundles.Add($"{one}.example", "PEM"), Name));
        return name with
        {
            Tls = new ServedTls([.. peers], ClientTls.None),
            Endpoints = [.. name.Endpoints.Select(endpoint => endpoint with { Peer = accounts[^1] })],
        };
    }

    private static Resource? Find(ServedViews views, ResourceType type, string name) =>
        views.Open(ClientNode.Anonymous, null).Current.Find(type, name);

    private static Resource? Missing(ServedViews views, string name) =>
        views.Feed(ClientNode.Anonymous, null).Missing(ResourceType.Endpoints, name);

    private static Google.Protobuf.WellKnownTypes.Any Golden(ServedViews views, ResourceType type, string name) =>
        Translation.Golden.Read(Find(views, type, name)!);

    private static IEnumerable<string> Endpoints(ServedViews views, string name) =>
        Golden(
            views, ResourceType.Endpoints,
            Find(views, ResourceType.Endpoints, ClusterNames.Guarded(name))?.Name ?? name)
            .Unpack<ClusterLoadAssignment>().Endpoints
            .SelectMany(locality => locality.LbEndpoints).Select(one => one.Endpoint.Address.SocketAddress.Address)
            .Order(StringComparer.Ordinal);

    private ServedName Served(params int[] endpoints) => OnDemandWorld.Named(Name) with
    {
        Ports = [new ServedPort("http", 80, "http"), new ServedPort("raw", 9000, "tcp")],
        Endpoints =
        [
            .. endpoints.Select(one => new ServedEndpoint(
                $"10.1.0.{one}", [8080, 9000], "us1", "a", 1, ServedHealth.Healthy)),
        ],
        StrictUntil = _time.GetElapsedTime(0) + TimeSpan.FromHours(1),
        StreamMax = TimeSpan.FromMinutes(1),
    };

    private async Task<ServedViews> RestartedAsync(Func<ServedName, ServedName> change, bool isInline)
    {
        var before = Start(out var shapes, isInline);
        before.Publish(change(Served(1, 2)));
        await shapes.DisposeAsync();
        return Start(out _, isInline);
    }

    private async Task<ServedViews> RestartedAsync(bool isStrict = true)
    {
        var before = Start(out var shapes);
        before.Publish(isStrict ? Served(1, 2) : Served(1, 2) with { StrictUntil = null, StreamMax = null });
        await shapes.DisposeAsync();
        return Start(out _);
    }

    private ServedViews Start(out ShapeFile shapes, bool isInline = false)
    {
        var imports = new HashSet<string> { Name };
        shapes = new ShapeFile(
            Path.Combine(_folder, "imports.state"), imports, reason => throw new InvalidOperationException(reason));
        _shapes.Add(shapes);
        _time = new ManualTimeProvider();
        return new ServedViews(
            imports, static (_, _) => { }, shapes, time: _time,
            onDemand: new OnDemandOptions
            {
                Clusters = new ClusterSettings
                {
                    AreBundlesInline = isInline,
                    Responder = new ResponderSettings("127.0.0.1", 16010),
                },
            });
    }
}
