using System.Collections.Immutable;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Translation;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>Whatever cluster that speaks in the clear a client was told of a name, and still has: endpoints with
/// identities are told under no name that it asks for.</summary>
public sealed class GuardedAssignmentTests
{
    private const string Name = "secure.shop.svc.us1.internal";
    private const string Guarded = "10.0.0.1";
    private const string Free = "10.0.0.2";

    private static readonly ServedPort Port = new("http", 80, "http");
    private static readonly ClientTls Clients = new("svid.json", new GrpcProviders("roots", "own"));

    // By which names clients write the service, as a cluster's.
    private static readonly string[] Spellings =
        [Name, Name + ":80", Name.ToUpperInvariant(), "outbound|80||" + Name, ClusterNames.Located(Name)];

    public static TheoryData<string?, bool, string> Cases()
    {
        var cases = new TheoryData<string?, bool, string>();
        foreach (var kind in new[] { "ads", "stream", "authority", "gRPC" })
        {
            foreach (var reason in new[] { null, Reasons.Denied, Reasons.Expired, Reasons.NoBundle, Reasons.Pending })
            {
                cases.Add(reason, reason != Reasons.Pending, kind);
            }

            cases.Add(Reasons.Absent, false, kind);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Endpoints_WithIdentities_AreToldToNoClusterThatSpeaksInTheClear(
        string? reason, bool hasPorts, string kind)
    {
        var time = new ManualTimeProvider();
        var views = new ServedViews(
            new HashSet<string> { Name, "other.shop.svc.us1.internal" }, static (_, _) => { }, null, Clients,
            new OnDemandOptions { Endpoints = kind == "authority" ? EndpointSource.Authority : EndpointSource.Stream },
            time: time);
        views.Publish(OnDemandWorld.Named("other.shop.svc.us1.internal", 1));
        views.EndPatience();
        var feed = views.Feed(
            kind == "gRPC" ? ClientNode.Anonymous with { UserAgent = "gRPC C-core linux Python" }
                : ClientNode.Anonymous,
            kind is "stream" or "authority" ? ResourceType.Cluster : null);
        Array.ForEach(Spellings, spelling => feed.Wanted(ResourceType.Cluster, spelling));
        views.Publish(reason is null ? Served(Free)
            : ServedName.Without(Name, reason, hasPorts ? [Port] : []));
        time.Advance(TimeSpan.FromSeconds(5));
        var asked = feed.View.Current.Resources(ResourceType.Cluster).Values
            .Where(one => Golden.Read(one).Unpack<Cluster>() is { TransportSocket: null }
                && one.Name.Contains("secure", StringComparison.OrdinalIgnoreCase))
            .SelectMany(one => one.References).Where(one => one.Type == ResourceType.Endpoints)
            .Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(reason is null, asked.Contains(Name + ":80") && Told(Name + ":80").Contains(Free));
        foreach (var assignment in asked)
        {
            feed.Wanted(ResourceType.Endpoints, assignment);
        }

        views.Publish(Served(Guarded, Free));
        Assert.All(asked, assignment => Assert.DoesNotContain(Guarded, Told(assignment)));
        var guarded = Golden.Read(feed.View.Current.Find(ResourceType.Cluster, Name + ":80")!).Unpack<Cluster>();
        Assert.NotNull(guarded.TransportSocket);
        Assert.Contains(Guarded, Told(ClusterNames.Guarded(Name + ":80")));

        IEnumerable<string> Told(string assignment) =>
            Golden.Read(feed.View.Current.Find(ResourceType.Endpoints, assignment)
                ?? feed.Missing(ResourceType.Endpoints, assignment)!).Unpack<ClusterLoadAssignment>().Endpoints
                .SelectMany(locality => locality.LbEndpoints).Select(one => one.Endpoint.Address.SocketAddress.Address);
    }

    private static ServedName Served(params string[] addresses)
    {
        var bundles = ImmutableSortedDictionary<string, string>.Empty.Add("us1.example", "pem");
        var peer = new TlsPeer("peer", ["spiffe://us1.example/ns/shop/sa/secure"], bundles, Name);
        return OnDemandWorld.Named(Name) with
        {
            Endpoints =
            [
                .. addresses.Select(one => new ServedEndpoint(one, [8080], "us1", "a", 1, ServedHealth.Healthy)
                {
                    Peer = one == Guarded ? peer.Id : null,
                }),
            ],
            Tls = addresses.Contains(Guarded) ? new ServedTls([peer], Clients) : null,
        };
    }
}
