using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Resolver;
using Fairlead.Sidecar.Admin;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>A name beyond its time is served by every part of the sidecar, and every part says so.</summary>
public sealed class StaleServingTests
{
    private const string Cluster = CachedNames.Checkout + ":80";

    [Fact]
    public void Envoy_KeepsClusterAndEndpointsAndIsToldInTheEndpointsMetadata()
    {
        var views = new ServedViews(new HashSet<string> { CachedNames.Checkout }, static (_, _) => { }, null);
        views.Publish(CachedNames.Fresh);
        var fresh = (Find(views, ResourceType.Cluster), Find(views, ResourceType.Endpoints));
        views.Publish(CachedNames.Stale);
        var stale = (Find(views, ResourceType.Cluster), Find(views, ResourceType.Endpoints));

        // Not a byte of the cluster: another one would cost Envoy every connection of it.
        Assert.Equal(fresh.Item1.Version, stale.Item1.Version);
        Assert.NotEqual(fresh.Item2.Version, stale.Item2.Version);
        var (before, after) = (Assignment(CachedNames.Fresh), Assignment(CachedNames.Stale));
        Assert.Equal(3, Endpoints(after).Count());
        Assert.All(Endpoints(before), endpoint => Assert.Null(Reason(endpoint)));
        Assert.All(Endpoints(after), endpoint => Assert.Equal("stale", Reason(endpoint)));
        foreach (var endpoint in Endpoints(after))
        {
            endpoint.Metadata.FilterMetadata["fairlead"].Fields.Remove("reason");
        }

        Assert.Equal(before, after);
        views.Publish(CachedNames.Fresh);
        Assert.Equal(fresh.Item2.Version, Find(views, ResourceType.Endpoints).Version);
    }

    /// <summary>After a restart that kept no answer the first seal that is seen is another one: the endpoints say so,
    /// at the same version.</summary>
    [Fact]
    public void Endpoints_AreOfTheSameVersion_WhateverSealWasSeenFirst()
    {
        var (first, second) = (Told(1), Told(2));
        Assert.Equal(first.Version, second.Version);
        Assert.Equal(
            ("1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.002Z"), (SinceOf(first), SinceOf(second)));

        static Resource Told(long since)
        {
            var views = new ServedViews(new HashSet<string> { CachedNames.Checkout }, static (_, _) => { }, null);
            views.Publish(CachedNames.Fresh with { SealedSince = since });
            return Find(views, ResourceType.Endpoints);
        }

        static string SinceOf(Resource told) => Assert.Single(
            Endpoints(Translation.Golden.Read(told).Unpack<ClusterLoadAssignment>())
                .Select(one => one.Metadata.FilterMetadata["fairlead"].Fields["sealed_since"].StringValue).Distinct());
    }

    [Fact]
    public void Dns_CountsWhatIsLeftOfTheContinuity()
    {
        var view = ResolverNames.Map(CachedNames.Stale);
        Assert.Equal((NameState.Stale, 70_000), (view.State, view.ExpiresAt));
        Assert.NotNull(view.Service);
        Assert.Equal(10_000, ResolverNames.Map(CachedNames.Fresh).ExpiresAt);
    }

    [Fact]
    public void Proxy_GoesOnWithTheSameEndpoints()
    {
        var (fresh, stale) =
            (ProxiedServiceMapping.Map(CachedNames.Fresh), ProxiedServiceMapping.Map(CachedNames.Stale));
        Assert.Equal((ServiceStatus.Served, "stale"), (stale.Status, stale.State));
        Assert.Equal(fresh.Endpoints.Select(one => one.Address), stale.Endpoints.Select(one => one.Address));
    }

    [Theory]
    [InlineData(15_000, 55_000L)]
    [InlineData(80_000, 0L)]
    public void NamesPage_TellsWhatIsLeftOfTheContinuity(long now, long left)
    {
        var name = Page(CachedNames.Stale, now);
        Assert.Equal(("stale", 0L, left), ((string?)name["state"], (long)name["ttl_ms"]!, (long)name["stale_ms"]!));
        Assert.Equal(60_000, (long)Page(CachedNames.Stale with { State = NameState.Fresh }, 5_000)["stale_ms"]!);
        Assert.Equal(0, (long)Page(CachedNames.Fresh with { StaleUntil = 10_000 }, 5_000)["stale_ms"]!);
        Assert.Null(Page(CachedNames.Pending(), 0)["stale_ms"]);
        Assert.Equal("127.0.0.1:1", (string?)name["anchor"]);
    }

    /// <summary>What the page of names shows of one at a moment.</summary>
    internal static JsonNode Page(CachedName name, long now, TimeSpan? within = null)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            NamesPage.Write(json, [name], new CacheTime(now, 0), _ => "127.0.0.1:1", within);
        }

        return JsonNode.Parse(Encoding.UTF8.GetString(bytes.ToArray()))![0]!;
    }

    private static Resource Find(ServedViews views, ResourceType type) =>
        views.Open(ClientNode.Anonymous, null).Current.Find(type, Cluster)!;

    private static ClusterLoadAssignment Assignment(CachedName name) =>
        AssignmentTranslation.Translate(ServedNameMapping.Map(name), Cluster, 0);

    private static IEnumerable<LbEndpoint> Endpoints(ClusterLoadAssignment assignment) =>
        assignment.Endpoints.SelectMany(locality => locality.LbEndpoints);

    private static string? Reason(LbEndpoint endpoint) =>
        endpoint.Metadata.FilterMetadata["fairlead"].Fields.TryGetValue("reason", out var reason)
            ? reason.StringValue
            : null;
}
