using System.Collections.Immutable;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Tests.Translation;

/// <summary>What gRPC clients refuse a whole assignment for, whatever a record says.</summary>
public sealed class AssignmentTests
{
    /// <summary>Of one address in two zones clients are told once.</summary>
    [Fact]
    public void Address_InTwoLocalities_IsToldInOne()
    {
        var assignment = Translate(
            Endpoint("10.0.0.1", "b", 1), Endpoint("10.0.0.2", "b", 1), Endpoint("10.0.0.1", "a", 1),
            Endpoint("10.0.0.3", "a", 1));
        Assert.Equal(
            ["a 10.0.0.1", "a 10.0.0.3", "b 10.0.0.2"],
            assignment.Endpoints.SelectMany(locality => locality.LbEndpoints.Select(
                one => $"{locality.Locality.Zone} {one.Endpoint.Address.SocketAddress.Address}")));
        Assert.Equal([2u, 1u], assignment.Endpoints.Select(locality => locality.LoadBalancingWeight!.Value));
    }

    /// <summary>A client refuses port 0, and gRPC all that stands beside it.</summary>
    [Fact]
    public void Endpoint_ThatDoesNotServeThePort_IsNotTold()
    {
        var assignment = Translate(
            Endpoint("10.0.0.1", "a", 1), Endpoint("10.0.0.2", "a", 5) with { Ports = [0] },
            Endpoint("10.0.0.3", "b", 1) with { Ports = [0] });
        var locality = Assert.Single(assignment.Endpoints);
        Assert.Equal("10.0.0.1", Assert.Single(locality.LbEndpoints).Endpoint.Address.SocketAddress.Address);
        Assert.Equal(1u, locality.LoadBalancingWeight);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(300, 2)]
    public void Weights_TogetherFit32Bits_AndStayWhatTheyAreToEachOther(int zones, int each)
    {
        var assignment = Translate(
        [
            .. Enumerable.Range(0, zones * each).Select(i => Endpoint(
                $"10.0.{i / 250}.{i % 250}", $"z{i / each:d3}", i % each == 0 ? (uint)int.MaxValue : 1_000_000_000)),
        ]);
        Assert.Equal(zones, assignment.Endpoints.Count);
        Assert.InRange(assignment.Endpoints.Sum(one => (long)one.LoadBalancingWeight!.Value), 1, uint.MaxValue);
        Assert.All(assignment.Endpoints, locality =>
        {
            var weights = locality.LbEndpoints.Select(one => (long)one.LoadBalancingWeight!.Value).ToList();
            Assert.InRange(weights.Sum(), 1, uint.MaxValue);
            Assert.Equal(2.147483647, weights[0] / (double)weights[1], 6);
        });
        Assert.Single(assignment.Endpoints.Select(one => one.LoadBalancingWeight).Distinct());
    }

    [Fact]
    public void Weights_OfOneGiantAmongMany_LeaveNoneWithoutAny()
    {
        var assignment = Translate(
        [
            .. Enumerable.Range(0, 400).Select(i => Endpoint($"10.0.{i / 250}.{i % 250}", $"z{i}", 1)),
            .. Enumerable.Range(0, 5).Select(i => Endpoint($"10.1.0.{i}", "giant", int.MaxValue)),
        ]);
        Assert.All(assignment.Endpoints, locality => Assert.NotEqual(0u, locality.LoadBalancingWeight!.Value));
        Assert.InRange(assignment.Endpoints.Sum(one => (long)one.LoadBalancingWeight!.Value), 1, uint.MaxValue);
    }

    private static ClusterLoadAssignment Translate(params ServedEndpoint[] endpoints)
    {
        var name = new ServedName(
            "cart.shop.svc.us1.internal", null, [new ServedPort(null, 80, "http")], [.. endpoints], null);
        return AssignmentTranslation.Translate(name, "c", 0);
    }

    private static ServedEndpoint Endpoint(string address, string zone, uint weight) =>
        new(address, ImmutableArray.Create(80), "us1", zone, weight, ServedHealth.Healthy);
}
