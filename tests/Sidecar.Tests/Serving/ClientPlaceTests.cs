using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>Where the operator says nothing of it, the pod is where its client says: for that client alone.</summary>
public sealed class ClientPlaceTests
{
    private const string Name = OnDemandWorld.Checkout;

    [Theory]
    [InlineData("Envoy")]
    [InlineData("gRPC C-core linux Python")]
    public void Client_IsServedByItsOwnPlace_AndChangesNobodyElses(string agent)
    {
        var views = Views(null);
        Assert.Equal("a0 b0", Ranks(views, At("", "", agent)));
        Assert.Equal("a0 b1", Ranks(views, At("us1", "a", agent)));
        Assert.Equal("a1 b0", Ranks(views, At("us1", "b", agent)));
        Assert.Equal("a0 b0", Ranks(views, At("us1", "", agent)));
        Assert.Equal("a0 b0", Ranks(views, At("", "b", agent)));
        Assert.Equal("a0 b1", Ranks(views, At("us1", "a", agent)));
        Assert.Equal("a0 b0", Ranks(views, ClientNode.Anonymous));
    }

    [Fact]
    public void Operator_GoesBeforeTheClient() =>
        Assert.Equal("a0 b1", Ranks(Views(new PodPlace("us1", "a")), At("us1", "b", "envoy")));

    /// <summary>Each is a view with all that is served: of those who name many, the later ones are told as if they had
    /// named none.</summary>
    [Fact]
    public void Places_WithoutEnd_CostNoViewEach()
    {
        var views = Views(null);
        var known = Enumerable.Range(0, 1_000)
            .Select(i => views.Open(At($"region-{i}", "", "envoy"), null)).Distinct().ToList();
        Assert.InRange(known.Count, 2, 16);
        Assert.Equal("a0 b0", Ranks(views, At("us1", "b", "envoy")));
        Assert.Same(
            views.Open(ClientNode.Anonymous, null), views.Open(At(new string('x', 200), "", "envoy"), null));
    }

    private static ClientNode At(string region, string zone, string agent) =>
        ClientNode.Anonymous with { Region = region, Zone = zone, UserAgent = agent };

    private static ServedViews Views(PodPlace? place)
    {
        var views = new ServedViews(
            new HashSet<string> { Name }, static (_, _) => { }, null,
            onDemand: new OnDemandOptions { Clusters = new ClusterSettings { Place = place } });
        var name = OnDemandWorld.Named(Name, 1, 2);
        views.Publish(name with
        {
            Endpoints = [name.Endpoints[0] with { Zone = "a" }, name.Endpoints[1] with { Zone = "b" }],
        });
        return views;
    }

    // Each zone with its priority.
    private static string Ranks(ServedViews views, ClientNode client) => string.Join(' ', Translation.Golden.Read(
        views.Open(client, null).Current.Find(ResourceType.Endpoints, Name + ":80")!)
        .Unpack<ClusterLoadAssignment>().Endpoints.Select(one => $"{one.Locality.Zone}{one.Priority}").Order());
}
