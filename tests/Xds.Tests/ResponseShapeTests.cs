using Fairlead.Xds.Tests.Functional;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>What no response may have: an EDS ttl ends an Envoy that is asked by the state of the world, a wrapper is
/// refused by grpc-js, a heartbeat ends gRPC's C core, and nobody reads errors of resources.</summary>
public sealed class ResponseShapeTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Response_HasNoTtl_NoWrapper_NoHeartbeat_AndNoErrors(Variant variant)
    {
        var client = new AnyClient(
            variant, Cluster("a"), Endpoints("a", 1).KeptUntil(TimeSpan.FromMinutes(1)));
        client.Subscribe(Cds);
        Assert.Equal(["cds a"], client.Take(Cds));
        client.Subscribe(Eds, "a", "nobody");
        Assert.Equal(["eds a nobody"], client.Take(Eds));
        foreach (var type in new[] { Cds, Eds })
        {
            if (client.IsDelta)
            {
                var each = client.LastDelta(type);
                Assert.Empty(each.ResourceErrors);
                Assert.All(each.Resources, one => Assert.Equal(
                    (null, type.TypeUrl, false), (one.Ttl, one.Resource_.TypeUrl, one.Resource_.Value.IsEmpty)));
            }
            else
            {
                var full = client.LastSotw(type);
                Assert.Empty(full.ResourceErrors);
                Assert.All(full.Resources, one => Assert.Equal(
                    (type.TypeUrl, false), (one.TypeUrl, one.Value.IsEmpty)));
            }

            client.Ack(type);
        }

        // Nor does anything come by itself, neither before the end nor behind it.
        foreach (var more in new[] { 19, 39, 2, 3_539 })
        {
            client.Later(TimeSpan.FromSeconds(more));
            Assert.Empty(client.Take(Cds));
            Assert.Empty(client.Take(Eds));
        }
    }
}
