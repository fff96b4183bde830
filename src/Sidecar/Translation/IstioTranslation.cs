using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Naming;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// What Istio's own parts read. An east-west gateway (AUTO_PASSTHROUGH) has a filter chain for each service, which it
/// chooses by a server name in istiod's form and by Istio's own application protocols; a cluster that istiod makes
/// chooses mutual TLS by the metadata of an endpoint. Pure.
/// </summary>
internal static class IstioTranslation
{
    private const string TlsMode = "tlsMode";
    private const string Mutual = "istio";
    private const string ClusterPrefix = "outbound|";

    /// <summary>By which name a gateway knows a service's port: the service's name in its own cluster.</summary>
    internal static string ServerName(string name, int port) =>
        FullName.TryParse(name, out var full, out _) && full.Service is { } service
            ? $"outbound_.{port}_._.{service.Service}.{service.Namespace}.svc.cluster.local"
            : name;

    /// <summary>The application protocol that a workload of Istio takes for what a port speaks: not the one by which
    /// two proxies of Istio first tell each other who they are.</summary>
    internal static string ProtocolOf(ServedPort? port) => port?.Protocol switch
    {
        "tcp" => "istio",
        "http2" or "grpc" => "istio-h2",
        _ => "istio-http/1.1",
    };

    /// <summary>Whether it is istiod's cluster that asks for these endpoints.</summary>
    internal static bool IsCluster(string assignment) => assignment.StartsWith(ClusterPrefix, StringComparison.Ordinal);

    /// <summary>Marks the endpoints with identities, so that a cluster of istiod's speaks mutual TLS to them.</summary>
    /// <param name="assignment">The endpoints of a port.</param>
    /// <param name="name">The service.</param>
    /// <param name="portIndex">Which of its ports: at one address there may be several endpoints.</param>
    internal static void MarkMutual(ClusterLoadAssignment assignment, ServedName name, int portIndex)
    {
        var identified = name.Endpoints.Where(endpoint => endpoint.Peer is not null)
            .Select(endpoint => (endpoint.Address, (uint)endpoint.Ports[portIndex])).ToHashSet();
        foreach (var endpoint in assignment.Endpoints.SelectMany(locality => locality.LbEndpoints))
        {
            var address = endpoint.Endpoint.Address.SocketAddress;
            if (identified.Contains((address.Address, address.PortValue)))
            {
                endpoint.Metadata = With(endpoint.Metadata);
            }
        }
    }

    private static Metadata With(Metadata? metadata)
    {
        var both = metadata?.Clone() ?? new Metadata();
        if (!both.FilterMetadata.TryGetValue(WellKnown.SocketMatch, out var match))
        {
            // Before Fairlead's own in the order of keys, which keeps the bytes stable.
            var own = both.FilterMetadata.ToList();
            both.FilterMetadata.Clear();
            both.FilterMetadata.Add(WellKnown.SocketMatch, match = new Struct());
            own.ForEach(pair => both.FilterMetadata.Add(pair.Key, pair.Value));
        }

        match.Fields[TlsMode] = Value.ForString(Mutual);
        return both;
    }
}
