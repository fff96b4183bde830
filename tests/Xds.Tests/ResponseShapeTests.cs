using Fairlead.Xds.Tests.Delta;
using Fairlead.Xds.Tests.Sotw;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>What no response may have: an EDS ttl ends an Envoy that is asked by the state of the world, a wrapper is
/// refused by grpc-js, a heartbeat ends gRPC's C core, and nobody reads errors of resources.</summary>
public sealed class ResponseShapeTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    [Fact]
    public void Response_HasNoTtl_NoWrapper_NoHeartbeat_AndNoErrors()
    {
        var snapshot = Snapshot(Cluster("a"), Endpoints("a", 1).KeptUntil(TimeSpan.FromMinutes(1)));
        var (sotw, delta) = (new SotwClient(snapshot), new DeltaClient(snapshot));
        sotw.Request(Cds, []);
        delta.Subscribe(Cds);
        sotw.Request(Eds, ["a", "nobody"]);
        delta.Subscribe(Eds, "a", "nobody");
        Assert.Equal(["cds a", "eds a nobody"], sotw.Take());
        Assert.Equal(["cds a", "eds a nobody"], delta.Take());
        foreach (var type in new[] { Cds, Eds })
        {
            var (full, each) = (sotw.Last(type), delta.Last(type));
            Assert.Empty(full.ResourceErrors);
            Assert.Empty(each.ResourceErrors);
            Assert.All(full.Resources, one => Assert.Equal(
                (type.TypeUrl, false), (one.TypeUrl, one.Value.IsEmpty)));
            Assert.All(each.Resources, one => Assert.Equal(
                (null, type.TypeUrl, false), (one.Ttl, one.Resource_.TypeUrl, one.Resource_.Value.IsEmpty)));
            sotw.Ack(type, type == Eds ? ["a", "nobody"] : []);
            delta.Ack(type);
        }

        // Nor does anything come by itself, neither before the end nor behind it.
        foreach (var later in new[] { 20, 59, 61, 3_600 })
        {
            (sotw.Now, delta.Now) = (TimeSpan.FromSeconds(later), TimeSpan.FromSeconds(later));
            Assert.Empty(sotw.Take());
            Assert.Empty(delta.Take());
        }
    }
}
