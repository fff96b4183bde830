using System.Globalization;
using System.Net;
using System.Text;

namespace Fairlead.Kubernetes.Generation;

/// <summary>
/// Writes manifests in the shape that a cluster gives them, for load, benchmarks and tests. The same input gives the
/// same text. Thread-safe.
/// </summary>
public static class ManifestGenerator
{
    private const int SliceEndpointsMax = 100;
    private const uint FirstAddress = 0x7F400001; // 127.64.0.1: loopback, so that real backends can listen there

    /// <summary>
    /// <paramref name="services"/> exported Services, <c>svc-00000</c> onwards, with <paramref name="endpoints"/>
    /// endpoints each; their addresses count up from 127.64.0.1.
    /// </summary>
    /// <returns>One file per Service: its name and its text.</returns>
    public static IEnumerable<(string File, string Text)> Write(int services, int endpoints)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(services);
        ArgumentOutOfRangeException.ThrowIfNegative(endpoints);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)services * endpoints, 0x3FFFFF, nameof(services));
        for (var index = 0; index < services; index++)
        {
            var service = Numbered(index, endpoints);
            yield return ($"{service.Name}.yaml", Write(service));
        }
    }

    /// <summary>The Service that <see cref="Write(int, int)"/> writes at <paramref name="index"/>.</summary>
    public static GeneratedService Numbered(int index, int endpoints) => new()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"svc-{index:d5}"),
        Endpoints = [.. Enumerable.Range(0, endpoints).Select(item => Address((index * endpoints) + item))],
    };

    /// <summary>The documents of one Service: Service, EndpointSlices, ServiceExport.</summary>
    public static string Write(GeneratedService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var text = new StringBuilder();
        WriteService(text, service);
        for (var from = 0; from < service.Endpoints.Count; from += SliceEndpointsMax)
        {
            WriteSlice(text, service, from);
        }

        if (service.IsExported)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                ---
                apiVersion: multicluster.x-k8s.io/v1alpha1
                kind: ServiceExport
                metadata:
                  name: {service.Name}
                  namespace: {service.Namespace}

                """);
        }

        return text.ToString();
    }

    private static void WriteService(StringBuilder text, GeneratedService service) =>
        text.Append(CultureInfo.InvariantCulture, $$"""
            apiVersion: v1
            kind: Service
            metadata:
              labels:
                app: {{service.Name}}
              name: {{service.Name}}
              namespace: {{service.Namespace}}
            spec:
              clusterIP: {{(service.IsHeadless ? "None" : "10.96.0.10")}}
              ports:
              - appProtocol: {{service.Protocol}}
                name: {{service.Protocol}}
                port: {{service.Port}}
                protocol: TCP
                targetPort: {{service.Port}}
              selector:
                app: {{service.Name}}
              sessionAffinity: None
              type: ClusterIP
            status:
              loadBalancer: {}

            """);

    private static void WriteSlice(StringBuilder text, GeneratedService service, int from)
    {
        text.Append("---\naddressType: IPv4\napiVersion: discovery.k8s.io/v1\nendpoints:\n");
        var end = Math.Min(from + SliceEndpointsMax, service.Endpoints.Count);
        for (var index = from; index < end; index++)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                - addresses:
                  - {service.Endpoints[index]}
                  conditions:
                    ready: true
                    serving: true
                    terminating: false
                  zone: {service.Zones[index % service.Zones.Count]}

                """);
            if (service.IsHeadless)
            {
                text.Append(CultureInfo.InvariantCulture, $"  hostname: {service.Name}-{index}\n");
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"""
            kind: EndpointSlice
            metadata:
              labels:
                app: {service.Name}
                endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io
                kubernetes.io/service-name: {service.Name}
              name: {service.Name}-{from / SliceEndpointsMax:d5}
              namespace: {service.Namespace}
            ports:
            - appProtocol: {service.Protocol}
              name: {service.Protocol}
              port: {service.Port}
              protocol: TCP

            """);
    }

    private static IPAddress Address(int offset)
    {
        var value = FirstAddress + (uint)offset;
        return new IPAddress([(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value]);
    }
}
