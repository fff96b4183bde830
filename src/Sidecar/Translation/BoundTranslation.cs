using System.Net;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// What ends connections of TCP to a strict name: no change of endpoints or clusters reaches one that is open, an
/// active health check that fails does. The sidecar itself is asked, for each endpoint, whether it is still served.
/// Pure.
/// </summary>
internal static class BoundTranslation
{
    private const string Tcp = "tcp";

    /// <summary>Whether connections to a port are bounded so: it is one of TCP, and the name strict.</summary>
    internal static bool IsBound(ClusterSettings settings, ServedName name, ServedPort? port) =>
        settings.Responder is not null && port?.Protocol == Tcp && name.StreamMax is not null;

    /// <summary>Whether a port is bounded and its name has ended. It has a cluster of its own then, which knows of no
    /// endpoints: while the next one gets ready, connections would else be opened in this one, and be left by it.
    /// </summary>
    internal static bool HasEnded(Audience audience, ServedName name, ServedPort port) =>
        audience.Client == ClientKind.Envoy && name is { Reason: not null, IsPending: false }
        && IsBound(audience.Settings, name, port);

    /// <summary>How an endpoint is called when the sidecar is asked about it.</summary>
    internal static string IdOf(string address, int port) =>
        IPAddress.TryParse(address, out var ip) ? new IPEndPoint(ip, port).ToString() : $"{address}:{port}";

    /// <summary>Has a cluster ask, in the place of any other health check, of which it can have one alone.</summary>
    internal static void Add(Cluster cluster, ResponderSettings responder, ServedName name, ServedPort port)
    {
        var interval = Duration.FromTimeSpan(responder.Interval);
        cluster.HealthChecks.Add(new HealthCheck
        {
            Interval = interval,
            NoTrafficInterval = interval,
            NoTrafficHealthyInterval = interval,
            Timeout = Duration.FromTimeSpan(responder.Timeout),
            UnhealthyThreshold = responder.Failures,
            HealthyThreshold = 1,
            GrpcHealthCheck = new HealthCheck.Types.GrpcHealthCheck
            {
                ServiceName = ClusterNames.Canonical(name.Name, port.Number),
            },
        });
        cluster.CloseConnectionsOnHostHealthFailure = true;

        // Else an Envoy refuses the check; connections of TCP do not read it.
        cluster.TypedExtensionProtocolOptions[WellKnown.HttpOptions] = Any.Pack(
            new EnvoyApi.UpstreamHttp.HttpProtocolOptions
            {
                ExplicitHttpConfig = new() { Http2ProtocolOptions = new Http2ProtocolOptions() },
            });
    }

    /// <summary>Has the sidecar asked in the clear, where the endpoints are spoken to by TLS.</summary>
    internal static void AddSocket(Cluster cluster)
    {
        var match = new Struct { Fields = { [WellKnown.Peer] = Value.ForString(WellKnown.Responder) } };
        cluster.HealthChecks[0].TransportSocketMatchCriteria = match;
        cluster.TransportSocketMatches.Add(new Cluster.Types.TransportSocketMatch
        {
            Name = WellKnown.Responder,
            Match = match,
            TransportSocket = TlsTranslation.Clear(),
        });
    }

    /// <summary>Says where to ask about each endpoint. One of a Set's member that is not strict lives without the
    /// sidecar: nobody is asked about it.</summary>
    internal static void Mark(
        ClusterLoadAssignment assignment, ResponderSettings responder, ServedName name, int portIndex)
    {
        var free = name.Endpoints.Where(endpoint => endpoint.Member is { IsStrict: false })
            .Select(endpoint => IdOf(endpoint.Address, endpoint.Ports[portIndex])).ToHashSet(StringComparer.Ordinal);
        foreach (var endpoint in assignment.Endpoints.SelectMany(locality => locality.LbEndpoints)
            .Select(one => one.Endpoint))
        {
            var socket = endpoint.Address.SocketAddress;
            var id = IdOf(socket.Address, (int)socket.PortValue);
            endpoint.HealthCheckConfig = free.Contains(id)
                ? new Endpoint.Types.HealthCheckConfig { DisableActiveHealthCheck = true }
                : new Endpoint.Types.HealthCheckConfig
                {
                    Hostname = id,
                    Address = new Address
                    {
                        SocketAddress = new EnvoyApi.Core.SocketAddress
                        {
                            Address = responder.Address, PortValue = (uint)responder.Port,
                        },
                    },
                };
        }
    }
}
