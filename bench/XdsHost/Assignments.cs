using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;

namespace Fairlead.XdsHost;

/// <summary>Endpoints over three zones of a region, as a service of a cluster has them. Stateless.</summary>
internal static class Assignments
{
    private const int Zones = 3;

    // An endpoint's weight stays in one byte, so that every round has as many bytes.
    private const uint Weights = 100;

    /// <summary>An assignment in which the weight of the first endpoint goes by the round.</summary>
    public static ClusterLoadAssignment Of(string name, int endpoints, uint round)
    {
        var assignment = new ClusterLoadAssignment { ClusterName = name };
        for (var zone = 0; zone < Zones; zone++)
        {
            assignment.Endpoints.Add(new LocalityLbEndpoints
            {
                Locality = new Locality { Region = "us1", Zone = $"us1-{(char)('a' + zone)}" },
                LoadBalancingWeight = 1,
            });
        }

        for (var i = 0; i < endpoints; i++)
        {
            var socket = new SocketAddress { Address = $"10.1.{i / 250}.{1 + (i % 250)}", PortValue = 8080 };
            assignment.Endpoints[i % Zones].LbEndpoints.Add(new LbEndpoint
            {
                Endpoint = new Endpoint { Address = new Address { SocketAddress = socket } },
                HealthStatus = HealthStatus.Healthy,
                LoadBalancingWeight = 1,
            });
        }

        Turn(assignment, round);
        return assignment;
    }

    /// <summary>Gives the first endpoint the weight of a round.</summary>
    public static void Turn(ClusterLoadAssignment assignment, uint round) =>
        assignment.Endpoints[0].LbEndpoints[0].LoadBalancingWeight = 1 + (round % Weights);
}
