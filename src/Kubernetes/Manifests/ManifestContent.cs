using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>The objects that Fairlead reads, of one file or of a whole folder. Immutable.</summary>
/// <param name="Services">Services (core v1).</param>
/// <param name="EndpointSlices">EndpointSlices (discovery.k8s.io/v1).</param>
/// <param name="ServiceExports">ServiceExports (multicluster.x-k8s.io).</param>
public sealed record ManifestContent(
    IReadOnlyList<Service> Services,
    IReadOnlyList<EndpointSlice> EndpointSlices,
    IReadOnlyList<ServiceExport> ServiceExports)
{
    /// <summary>ServiceImports (multicluster.x-k8s.io).</summary>
    public IReadOnlyList<ServiceImport> ServiceImports { get; init; } = [];

    /// <summary>The bundles of trust domains among ClusterTrustBundles (certificates.k8s.io).</summary>
    public IReadOnlyList<ClusterTrustBundle> TrustBundles { get; init; } = [];

    /// <summary>The ways into networks among Gateways (gateway.networking.k8s.io).</summary>
    public IReadOnlyList<NetworkGateway> Gateways { get; init; } = [];

    /// <summary>Content without objects.</summary>
    public static ManifestContent Empty { get; } = new([], [], []);

    /// <summary>How many objects there are.</summary>
    public int Count =>
        Services.Count + EndpointSlices.Count + ServiceExports.Count + ServiceImports.Count + TrustBundles.Count
        + Gateways.Count;

    /// <summary>Every object as (kind, key, location), kinds apart, in the order of the lists.</summary>
    internal IEnumerable<(string Kind, ObjectKey Key, ManifestLocation Location)> Identities()
    {
        foreach (var service in Services)
        {
            yield return ("Service", service.Key, service.Location);
        }

        foreach (var slice in EndpointSlices)
        {
            yield return ("EndpointSlice", slice.Key, slice.Location);
        }

        foreach (var export in ServiceExports)
        {
            yield return ("ServiceExport", export.Key, export.Location);
        }

        foreach (var import in ServiceImports)
        {
            yield return ("ServiceImport", import.Key, import.Location);
        }

        // By what they are published as: two objects may not say two things of one domain or network.
        foreach (var bundle in TrustBundles)
        {
            yield return ("trust domain", new ObjectKey(string.Empty, bundle.Domain), bundle.Location);
        }

        foreach (var gateway in Gateways)
        {
            yield return ("gateway into network", new ObjectKey(string.Empty, gateway.Network), gateway.Location);
        }
    }

    /// <summary>The contents side by side, in the order given.</summary>
    internal static ManifestContent Concat(IReadOnlyCollection<ManifestContent> parts) => new(
        [.. parts.SelectMany(part => part.Services)],
        [.. parts.SelectMany(part => part.EndpointSlices)],
        [.. parts.SelectMany(part => part.ServiceExports)])
    {
        ServiceImports = [.. parts.SelectMany(part => part.ServiceImports)],
        TrustBundles = [.. parts.SelectMany(part => part.TrustBundles)],
        Gateways = [.. parts.SelectMany(part => part.Gateways)],
    };
}
