using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Xds.Tests.Soak;

/// <summary>What clients ask a host for, of which something is always there. Safe for concurrent use.</summary>
internal abstract class SoakWords
{
    private const int NamesMax = 8;

    private const string Discovery = "/envoy.service.";

    /// <summary>How a client says which library it is.</summary>
    internal virtual string[] UserAgents => [""];

    /// <summary>The bytes that a client takes before it says more; 0 for those that HTTP/2 starts with.</summary>
    internal virtual int Window => 0;

    /// <summary>The types that a client asks for.</summary>
    internal abstract IReadOnlyList<ResourceType> TypesOf(bool isGrpc);

    /// <summary>A method, the aggregated or that of a type, by the state of the world or by delta.</summary>
    internal (string Path, bool IsDelta, ResourceType? Only) Method(Random random, bool isGrpc)
    {
        var isDelta = random.Next(2) == 0;
        if (random.Next(2) == 0)
        {
            const string service = Discovery + "discovery.v3.AggregatedDiscoveryService/";
            return (service + (isDelta ? "DeltaAggregatedResources" : "StreamAggregatedResources"), isDelta, null);
        }

        var types = TypesOf(isGrpc);
        var only = types[random.Next(types.Count)];
        var (name, plural) = only.ShortName switch
        {
            "cds" => ("cluster.v3.Cluster", "Clusters"),
            "eds" => ("endpoint.v3.Endpoint", "Endpoints"),
            "lds" => ("listener.v3.Listener", "Listeners"),
            "rds" => ("route.v3.Route", "Routes"),
            _ => ("secret.v3.Secret", "Secrets"),
        };
        return ($"{Discovery}{name}DiscoveryService/{(isDelta ? "Delta" : "Stream")}{plural}", isDelta, only);
    }

    /// <summary>Some names of a type; none for everything.</summary>
    internal abstract string[] Some(Random random, ResourceType type, bool isDelta, bool isGrpc);

    /// <summary>Hears what a host said.</summary>
    internal virtual void Hear(IEnumerable<Any> resources)
    {
    }

    /// <summary>Up to eight.</summary>
    protected static string[] Some(Random random, Func<string> next) =>
        [.. Enumerable.Range(0, 1 + random.Next(NamesMax)).Select(_ => next()).Distinct()];

    protected static string Number(int i) => i.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Of a host of endpoints alone; of the names some are not there.</summary>
internal sealed class EndpointWords(int names) : SoakWords
{
    internal override IReadOnlyList<ResourceType> TypesOf(bool isGrpc) => [ResourceType.Endpoints];

    internal override string[] Some(Random random, ResourceType type, bool isDelta, bool isGrpc) =>
        Some(random, () => "svc-" + Number(random.Next(names + 3)));
}
