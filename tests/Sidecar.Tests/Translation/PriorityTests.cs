using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Tests.Translation;

/// <summary>Which endpoint a pod keeps.</summary>
public sealed class PriorityTests
{
    private static readonly string[] Pods = [.. Enumerable.Range(0, 2_000).Select(i => $"frontend-{i}")];

    [Fact]
    public void Pods_KeepEndpointsByTheirWeights_AndOneThatLeavesMovesItsOwnAlone()
    {
        var before = Kept(Name(("10.1.0.1", 1), ("10.1.0.2", 1), ("10.1.0.3", 2)));
        Assert.InRange(before.Values.Count(kept => kept == "10.1.0.3"), 900, 1_100);
        Assert.InRange(before.Values.Count(kept => kept == "10.1.0.1"), 400, 600);
        var after = Kept(Name(("10.1.0.1", 1), ("10.1.0.3", 2)));
        Assert.All(before.Where(one => one.Value != "10.1.0.2"), one => Assert.Equal(one.Value, after[one.Key]));
        Assert.DoesNotContain("10.1.0.2", after.Values);
    }

    [Fact]
    public void Pod_WhoseEndpointTakesNoRequests_KeepsTheNextOfItsOwnOrder()
    {
        var all = Name(("10.1.0.1", 1), ("10.1.0.2", 1), ("10.1.0.3", 1));
        var before = Kept(all);
        var after = Kept(all with { Endpoints = [.. all.Endpoints.Select(
            one => one.Address == "10.1.0.2" ? one with { Health = ServedHealth.Draining } : one)] });
        Assert.All(before.Where(one => one.Value != "10.1.0.2"), one => Assert.Equal(one.Value, after[one.Key]));
        Assert.DoesNotContain("10.1.0.2", after.Values);
        var none = all with
        {
            Endpoints = [.. all.Endpoints.Select(one => one with { Health = ServedHealth.Unready })],
        };
        Assert.All(Translate(none, "a").Endpoints, locality => Assert.Equal(0u, locality.Priority));
    }

    private static Dictionary<string, string> Kept(ServedName name) => Pods.ToDictionary(pod => pod, pod =>
        Translate(name, pod).Endpoints.Single(locality => locality.Priority == 0)
            .LbEndpoints.Single().Endpoint.Address.SocketAddress.Address);

    private static ClusterLoadAssignment Translate(ServedName name, string pod) =>
        AssignmentTranslation.Translate(name, "c", 0, new ClusterSettings { Pod = pod });

    private static ServedName Name(params (string Address, uint Weight)[] endpoints) => new(
        "cart.shop.svc.us1.internal", null, [new ServedPort(null, 80, "http")],
        [.. endpoints.Select(one => new ServedEndpoint(
            one.Address, [80], "us1", "a", one.Weight, ServedHealth.Healthy))], null)
    {
        IsSticky = true,
    };
}
