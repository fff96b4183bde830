using System.Collections.Immutable;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.TransportSockets;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Translation;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>A name whose endpoints have identities, after a restart and before anything of it is verified: who holds
/// its endpoints from before must not speak to them in the clear.</summary>
public sealed class GuardedRestartTests : IDisposable
{
    private const string Name = "secure.shop.svc.us1.internal";
    private const string Canonical = Name + ":80";

    private static readonly ClientTls Clients = new("svid.json", new GrpcProviders("roots", "own"));

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-guarded-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false, 1, 0)]
    [InlineData(true, 2, 0)]
    [InlineData(true, 1, 1)]
    public async Task Cluster_IsTheSame_AndSpeaksToNobodyBeforeItsBundleIsKnown(bool isGateway, int peers, int clear)
    {
        var served = Served(isGateway, peers, clear);
        var before = await ViewsAsync(served, isInline: false);
        var after = await ViewsAsync(null, isInline: false);
        Assert.Equal(Find(before, ResourceType.Cluster)!.Version, Find(after, ResourceType.Cluster)!.Version);
        Assert.Single(before.Open(ClientNode.Anonymous, null).Current.Resources(ResourceType.Secret));
        Assert.Empty(after.Open(ClientNode.Anonymous, null).Current.Resources(ResourceType.Secret));
        Assert.Null(Find(after, ResourceType.Endpoints));
        Assert.Equal(Grpc(before, ResourceType.Cluster)!.Version, Grpc(after, ResourceType.Cluster)!.Version);
        Assert.Null(Grpc(after, ResourceType.Endpoints));
        after.Publish(served);
        Assert.Equal(Find(before, ResourceType.Endpoints)!.Version, Find(after, ResourceType.Endpoints)!.Version);
        Assert.Single(after.Open(ClientNode.Anonymous, null).Current.Resources(ResourceType.Secret));
    }

    /// <summary>A client of gRPC that knows the sidecar as an authority has endpoints since before the restart: it must
    /// not be told a cluster over them that speaks in the clear.</summary>
    [Fact]
    public async Task Cluster_OfGrpcByALocator_IsTheSame()
    {
        var located = ClusterNames.Located(Canonical);
        var before = Located(await ViewsAsync(Served(isGateway: false, peers: 1, clear: 0), isInline: false));
        var after = Located(await ViewsAsync(null, isInline: false));
        Assert.NotNull(before);
        Assert.Equal(before.Version, after?.Version);

        Resource? Located(ServedViews views)
        {
            var feed = views.Feed(ClientNode.Anonymous with { UserAgent = "gRPC C-core linux Python" }, null);
            feed.Wanted(ResourceType.Cluster, located);
            return feed.View.Current.Find(ResourceType.Cluster, located);
        }
    }

    [Fact]
    public async Task Cluster_WithInlineBundles_WaitsForASecretThatDoesNotCome()
    {
        await ViewsAsync(Served(isGateway: false, peers: 1, clear: 0), isInline: true);
        var after = await ViewsAsync(null, isInline: true);
        var cluster = Golden.Read(Find(after, ResourceType.Cluster)!).Unpack<Cluster>();
        Assert.Equal(WellKnown.Tls, cluster.TransportSocket.Name);
        var tls = cluster.TransportSocket.TypedConfig.Unpack<UpstreamTlsContext>().CommonTlsContext;
        Assert.Null(tls.ValidationContext);
        Assert.StartsWith(
            WellKnown.Bundle, tls.CombinedValidationContext.ValidationContextSdsSecretConfig.Name,
            StringComparison.Ordinal);
    }

    /// <summary>More identities than are kept: of a set of many members, and of one service.</summary>
    [Theory]
    [InlineData(256, 1, "roots")]
    [InlineData(1, 500, "roots")]
    [InlineData(1, 500, null)]
    public async Task Cluster_OfMoreIdentitiesThanAreKept_IsSpokenToByTlsThatNobodyPasses(
        int peers, int identities, string? authorities)
    {
        // Where there is none for all, one of another trust domain checks who is nobody.
        var clients = Clients with
        {
            Grpc = new GrpcProviders(authorities, "own")
            {
                Domains = ImmutableSortedDictionary<string, string>.Empty.Add("us1.example", "roots"),
            },
        };
        var served = Served(isGateway: false, peers, clear: 0, identities);
        served = served with { Tls = served.Tls! with { Clients = clients } };
        var before = await ViewsAsync(served, isInline: false, clients);
        var after = await ViewsAsync(null, isInline: false, clients);
        var socket = Golden.Read(Find(after, ResourceType.Cluster)!).Unpack<Cluster>().TransportSocket;
        var secret = socket.TypedConfig.Unpack<UpstreamTlsContext>().CommonTlsContext.CombinedValidationContext
            .ValidationContextSdsSecretConfig.Name;
        Assert.Equal(WellKnown.Tls, socket.Name);
        Assert.Null(before.Open(ClientNode.Anonymous, null).Current.Find(ResourceType.Secret, secret));
        var spoken = Golden.Read(Grpc(after, ResourceType.Cluster)!).Unpack<Cluster>().TransportSocket;
        var checkedBy = spoken.TypedConfig.Unpack<UpstreamTlsContext>().CommonTlsContext.ValidationContext;
        Assert.Equal(TlsPeer.Nobody, Assert.Single(checkedBy.MatchSubjectAltNames).Exact);
        Assert.Equal("roots", checkedBy.CaCertificateProviderInstance.InstanceName);
        Assert.Null(Find(after, ResourceType.Endpoints));
        Assert.Null(Grpc(after, ResourceType.Endpoints));
        after.Publish(served);
        Assert.Equal(Find(before, ResourceType.Cluster)!.Version, Find(after, ResourceType.Cluster)!.Version);
        Assert.Equal(Grpc(before, ResourceType.Cluster)!.Version, Grpc(after, ResourceType.Cluster)!.Version);
    }

    /// <summary>What a client of gRPC has no authorities for it was never told endpoints of, nor is it now.</summary>
    [Fact]
    public async Task Cluster_ThatGrpcCannotCheck_HasNoEndpoints()
    {
        var clients = Clients with { Grpc = new GrpcProviders(null, "own") };
        var before = await ViewsAsync(Served(isGateway: false, peers: 1, clear: 0), isInline: false, clients);
        var after = await ViewsAsync(null, isInline: false, clients);
        Assert.Equal(Grpc(before, ResourceType.Endpoints)!.Version, Grpc(after, ResourceType.Endpoints)?.Version);
    }

    /// <summary>Endpoints that nobody vouches for are told to nobody: beside them those in the clear go on.</summary>
    [Fact]
    public async Task Cluster_OfWhichOnlyTheClearIsTold_StaysAsItIs()
    {
        var served = Served(isGateway: false, peers: 1, clear: 1, identities: 0);
        var before = await ViewsAsync(served, isInline: false);
        var after = await ViewsAsync(null, isInline: false);
        Assert.Equal(Find(before, ResourceType.Cluster)!.Version, Find(after, ResourceType.Cluster)!.Version);
    }

    private static Resource? Grpc(ServedViews views, ResourceType type) => Find(
        views.Open(ClientNode.Anonymous with { UserAgent = "gRPC C-core linux Python" }, null), type);

    private static Resource? Find(ServedViews views, ResourceType type) =>
        Find(views.Open(ClientNode.Anonymous, null), type);

    // Endpoints are those to which the cluster leads.
    private static Resource? Find(ResourceView view, ResourceType type) => view.Current.Find(
        type, type == ResourceType.Endpoints
            ? Golden.Read(view.Current.Find(ResourceType.Cluster, Canonical)!).Unpack<Cluster>()
                .EdsClusterConfig.ServiceName
            : Canonical);

    private async Task<ServedViews> ViewsAsync(
        ServedName? served, bool isInline, ClientTls? clients = null)
    {
        var imports = new HashSet<string> { Name };
        var shapes = new ShapeFile(
            Path.Combine(_folder, "imports.state"), imports, reason => throw new InvalidOperationException(reason));
        var views = new ServedViews(
            imports, static (_, _) => { }, shapes, clients ?? Clients,
            new OnDemandOptions { Clusters = new ClusterSettings { AreBundlesInline = isInline } },
            time: new ManualTimeProvider());
        if (served is not null)
        {
            views.Publish(served with { Tls = served.Tls! with { Clients = clients ?? Clients } });
        }

        await shapes.DisposeAsync();
        return views;
    }

    private static ServedName Served(bool isGateway, int peers, int clear, int identities = 1)
    {
        var name = OnDemandWorld.Named(Name, [.. Enumerable.Range(1, peers + clear)]);
        var bundles = new Dictionary<string, string> { ["us1.example"] = "pem" }
            .ToImmutableSortedDictionary(StringComparer.Ordinal);
        return name with
        {
            StreamMax = TimeSpan.FromMinutes(1),
            Endpoints = [.. name.Endpoints.Select(
                (endpoint, i) => i < peers ? endpoint with { Peer = $"peer{i}" } : endpoint)],
            Tls = new ServedTls(
                [.. Enumerable.Range(0, peers).Select(i => new TlsPeer(
                    $"peer{i}",
                    [.. Enumerable.Range(0, identities).Select(
                        j => $"spiffe://us1.example/ns/shop/sa/{i}-{j:d4}-{new string('x', 40)}")],
                    bundles, Name) { IsGateway = isGateway })],
                Clients),
        };
    }
}
