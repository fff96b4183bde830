using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// A real Envoy, by the sample bootstrap: requests reach both zones, and every endpoint says where it is from.
/// </summary>
internal sealed class EnvoyCheck(DemoWorld world)
{
    private const int Requests = 20;

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        await world.StartEnvoyAsync(cancellationToken).ConfigureAwait(false);
        var expected = CheckoutEndpoints(world);
        var load = new RequestLoad(world.EnvoyListener, DemoWorld.Checkout, perSecond: 100, world.Time);
        var seen = new HashSet<string>();
        await using (load.ConfigureAwait(false))
        {
            await load.WaitForAsync(response => response.Status == 200, cancellationToken).ConfigureAwait(false);
            var from = world.Time.GetTimestamp();
            for (var i = 0; i < Requests || seen.Count < expected.Count; i++)
            {
                var response = await load.WaitForAsync(_ => true, cancellationToken).ConfigureAwait(false);
                Check.Equal(200, response.Status, "a request through Envoy");
                Check.That(
                    expected.Contains(response.Endpoint), $"{response.Endpoint} is none of checkout's endpoints");
                seen.Add(response.Endpoint);
            }

            Check.Equal(0, load.FailuresSince(from).Count, "requests that failed");
        }

        var described = await ProvenanceAsync(expected, cancellationToken).ConfigureAwait(false);
        return $"answered by {string.Join(" and ", seen.Order(StringComparer.Ordinal))}\n{described}";
    }

    private static HashSet<string> CheckoutEndpoints(DemoWorld world) =>
    [
        .. ManifestEndpoints.Read(world.Peer.Manifests)
            .Where(endpoint => endpoint.Service == "checkout").Select(endpoint => endpoint.Address.ToString()),
    ];

    private async Task<string> ProvenanceAsync(HashSet<string> expected, CancellationToken cancellationToken)
    {
        using var admin = new JsonApi(Address(world.EnvoyAdminPort), world.Time);
        var dump = await admin.GetAsync("config_dump?include_eds", cancellationToken).ConfigureAwait(false);
        var resolved = await Cli.ResolveAsync(world, DemoWorld.Checkout, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, resolved.ExitCode, $"resolve ({resolved.Error})");
        var answer = resolved.Json();
        var target = answer["hops"]!.AsArray()[^1]!;
        var found = new HashSet<string>();
        JsonNode? shown = null;
        foreach (var endpoint in EndpointsOf(dump, DemoWorld.Checkout + ":80"))
        {
            var address = endpoint["endpoint"]!["address"]!["socket_address"]!;
            var provenance = endpoint["metadata"]?["filter_metadata"]?["fairlead"];
            Check.Equal(
                DemoWorld.PeerName, (string?)provenance?["segment"], $"the segment shown for {address["address"]}");
            Check.Equal(target["epoch"]!["number"]!.ToString(), provenance!["epoch"]?.ToString(), "the epoch shown");
            Check.Equal(
                answer["record"]!["version"]!.ToString(),
                provenance["record_version"]?.ToString(),
                "the version shown");
            found.Add($"{address["address"]}:{address["port_value"]}");
            shown = provenance;
        }

        Check.That(
            found.SetEquals(expected),
            $"Envoy holds {string.Join(", ", found)}, the manifests {string.Join(", ", expected)}");
        return $"provenance in /config_dump?include_eds: {shown!.ToJsonString()}";
    }

    private static IEnumerable<JsonNode> EndpointsOf(JsonNode dump, string cluster) =>
        from config in dump["configs"]!.AsArray()
        from dynamic in config!["dynamic_endpoint_configs"]?.AsArray() ?? []
        let assignment = dynamic!["endpoint_config"]!
        where (string?)assignment["cluster_name"] == cluster
        from locality in assignment["endpoints"]?.AsArray() ?? []
        from endpoint in locality!["lb_endpoints"]?.AsArray() ?? []
        select endpoint;

    internal static string Address(int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{IPAddress.Loopback}:{port}");
}
