using System.Net;

namespace Fairlead.Cli.Demo;

/// <summary>
/// One more EndpointSlice of <c>checkout</c>, as a cluster writes one when a pod is scheduled. It is written beside and
/// renamed into place, as an editor does.
/// </summary>
internal static class ExtraEndpoint
{
    private const string FileName = "checkout-extra.yaml";

    /// <summary>The addresses of block 0 at which the demo adds endpoints.</summary>
    internal static IReadOnlyList<IPEndPoint> Addresses(string manifests)
    {
        var port = ManifestEndpoints.PortOf(manifests, "checkout");
        return [new(IPAddress.Parse("127.0.2.77"), port), new(IPAddress.Parse("127.0.2.78"), port)];
    }

    internal static void Add(string manifests, IPEndPoint endpoint)
    {
        var temporary = Path.Combine(manifests, FileName + ".tmp");
        File.WriteAllText(temporary, $"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: checkout-extra
              namespace: shop
              labels:
                kubernetes.io/service-name: checkout
            addressType: IPv4
            ports:
              - name: http
                port: {endpoint.Port}
                protocol: TCP
            endpoints:
              - addresses: ["{endpoint.Address}"]
                conditions: {"{"}ready: true{"}"}
                zone: us1-a

            """);
        File.Move(temporary, Path.Combine(manifests, FileName), overwrite: true);
    }

    internal static void Remove(string manifests) => File.Delete(Path.Combine(manifests, FileName));
}
