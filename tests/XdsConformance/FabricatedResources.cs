using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.Listeners;
using Fairlead.EnvoyApi.Routes;
using Fairlead.Xds;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.XdsConformance;

/// <summary>Resources of which a harness says a name and no more. Stateless.</summary>
internal static class FabricatedResources
{
    /// <summary>A resource as it is given; null where its type is not served or it cannot be read.</summary>
    public static Resource? Read(Any any)
    {
        try
        {
            return any switch
            {
                _ when any.Is(Cluster.Descriptor) => Resource.Create(any.Unpack<Cluster>()),
                _ when any.Is(ClusterLoadAssignment.Descriptor) =>
                    Resource.Create(any.Unpack<ClusterLoadAssignment>()),
                _ when any.Is(Listener.Descriptor) => Resource.Create(any.Unpack<Listener>()),
                _ when any.Is(RouteConfiguration.Descriptor) => Resource.Create(any.Unpack<RouteConfiguration>()),
                _ => null,
            };
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>A resource of that name, another in each round.</summary>
    public static Resource Make(ResourceType type, string name, int round)
    {
        if (type == ResourceType.Cluster)
        {
            return Resource.Create(new Cluster { Name = name, ConnectTimeout = new Duration { Seconds = round } });
        }

        if (type == ResourceType.Endpoints)
        {
            var assignment = new ClusterLoadAssignment { ClusterName = name };
            assignment.Endpoints.Add(new LocalityLbEndpoints
            {
                Locality = new Locality { Region = "r" }, LoadBalancingWeight = (uint)round,
            });
            return Resource.Create(assignment);
        }

        if (type == ResourceType.Listener)
        {
            var address = new Address { SocketAddress = new SocketAddress { Address = "127.0.0.1" } };
            address.SocketAddress.PortValue = (uint)round;
            return Resource.Create(new Listener { Name = name, Address = address });
        }

        var host = new VirtualHost { Name = $"round-{round}" };
        host.Domains.Add("*");
        return Resource.Create(new RouteConfiguration { Name = name, VirtualHosts = { host } });
    }
}
