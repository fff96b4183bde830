using System.Net;
using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Reconciling;

namespace Fairlead.Cli.Demo;

/// <summary>
/// The endpoints that a folder of manifests exports: what the demo runs, and what clients must reach.
/// </summary>
internal static class ManifestEndpoints
{
    /// <summary>One endpoint and port of an exported service.</summary>
    /// <param name="Service">The service's own name, without namespace.</param>
    /// <param name="Address">Where it listens.</param>
    /// <param name="IsGrpc">Whether it speaks gRPC.</param>
    internal sealed record ExportedEndpoint(string Service, IPEndPoint Address, bool IsGrpc);

    /// <summary>Reads a folder.</summary>
    /// <exception cref="CheckFailedException">A file of it is bad.</exception>
    internal static IReadOnlyList<ExportedEndpoint> Read(string folder)
    {
        var content = ManifestContent.Empty;
        foreach (var file in Directory.GetFiles(folder, "*.yaml"))
        {
            var read = ManifestReader.Read(file, File.ReadAllBytes(file));
            Check.That(read.IsGood, string.Join('\n', read.Problems));
            content = new ManifestContent(
                [.. content.Services, .. read.Content.Services],
                [.. content.EndpointSlices, .. read.Content.EndpointSlices],
                [.. content.ServiceExports, .. read.Content.ServiceExports]);
        }

        var options = new ReconcileOptions { Segment = Path.GetFileName(folder) };
        return [.. Reconciler.Reconcile(content, options).Records.SelectMany(Endpoints)];
    }

    /// <summary>The port on which the endpoints of a service listen.</summary>
    internal static int PortOf(string folder, string service) =>
        Read(folder).First(endpoint => endpoint.Service == service).Address.Port;

    private static IEnumerable<ExportedEndpoint> Endpoints(DesiredRecord record) =>
        from slice in record.Slices
        from endpoint in slice.Endpoints
        from port in Enumerable.Range(0, record.Ports.Count).Where(port => slice.Ports[port] > 0)
        select new ExportedEndpoint(
            record.Name.Split('.')[0],
            new IPEndPoint(IPAddress.Parse(endpoint.Address), slice.Ports[port]),
            record.Ports[port].Protocol == PortProtocol.Grpc);
}
