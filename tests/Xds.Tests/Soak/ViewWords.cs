using System.Collections.Concurrent;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.TransportSockets;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Xds.Tests.Soak;

/// <summary>
/// Of a host with a sidecar's views: everything, the collection, names that are there in any of their spellings, and
/// beside them any that are not. Secrets are asked for once clusters have named some.
/// </summary>
internal sealed class ViewWords(int names) : SoakWords
{
    private const string Suffix = ".shop.svc.us1.internal";

    private readonly ConcurrentDictionary<string, bool> _secrets = new(StringComparer.Ordinal);

    internal override string[] UserAgents => ["", "envoy", "envoy", "gRPC C-core", "grpc-node-js"];

    internal override int Window => 8 << 20;

    internal override IReadOnlyList<ResourceType> TypesOf(bool isGrpc) => _secrets.IsEmpty || isGrpc
        ? [.. ResourceType.All.Where(type => type != ResourceType.Secret)]
        : ResourceType.All;

    internal override string[] Some(Random random, ResourceType type, bool isDelta, bool isGrpc)
    {
        // There are none for Envoys: of names that are not there a client hears nothing, of everything it does.
        if (type == ResourceType.Listener && !isGrpc)
        {
            return [];
        }

        if (type == ResourceType.Secret)
        {
            var all = _secrets.Keys.ToArray();
            return Some(random, () => all[random.Next(all.Length)]);
        }

        if (type == ResourceType.Cluster && !isGrpc && random.Next(3) == 0)
        {
            return (random.Next(3), isDelta) switch
            {
                (0, true) => [Locator(type) + "*"],
                (1, true) => [Locator(type) + "*?some=" + Number(random.Next(4)), Locator(type) + There(random)],
                (2, _) => ["*", There(random)],
                _ => [],
            };
        }

        return [There(random), .. Some(random, () => Any(random, type))];
    }

    internal override void Hear(IEnumerable<Any> resources)
    {
        foreach (var cluster in resources.Where(one => one.TypeUrl == ResourceType.Cluster.TypeUrl))
        {
            var socket = cluster.Unpack<Cluster>().TransportSocket?.TypedConfig;
            if (socket?.Is(UpstreamTlsContext.Descriptor) == true
                && socket.Unpack<UpstreamTlsContext>().CommonTlsContext.CombinedValidationContext is { } context)
            {
                _secrets[context.ValidationContextSdsSecretConfig.Name] = true;
            }
        }
    }

    private static string Locator(ResourceType type) => "xdstp://fairlead/" + type.TypeUrl.Split('/')[1] + "/";

    private string There(Random random) => "svc-" + Number(random.Next(names)) + Suffix + ":80";

    private string Any(Random random, ResourceType type) => random.Next(12) switch
    {
        0 => There(random).ToUpperInvariant(),
        1 => There(random)[..^3],
        2 => There(random)[..^3] + ".",
        3 => There(random)[..^2] + "81",
        4 => Locator(type) + There(random),
        5 => "outbound|80||" + There(random)[..^3],
        6 => "host-" + Number(random.Next()) + Suffix + ":80",
        7 => "denied-" + Number(random.Next()) + Suffix,
        8 when random.Next(20) == 0 => "late-" + Number(random.Next()) + Suffix,
        9 => "not a name " + Number(random.Next()),
        _ => There(random),
    };
}
