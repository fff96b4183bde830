using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Reconciling;

/// <summary>
/// From what a cluster says to what should be published. Pure: the same content in any order gives the same result.
/// <list type="number">
/// <item>A record exists iff a ServiceExport and a Service share namespace and name, the Service is no ExternalName and
/// has a TCP port.</item>
/// <item>A slice holds endpoints of one EndpointSlice only, as long as 128 slices are enough, so that a change of one
/// EndpointSlice changes few slices of the record.</item>
/// <item>An endpoint (address, host) stands once per set of target ports; of several the readiest counts.</item>
/// </list>
/// </summary>
public static class Reconciler
{
    /// <summary>Most slices that a record can name (trust 4.1).</summary>
    public const int SlicesMax = Limits.Slices;

    /// <summary>Most endpoints of one slice (trust 4.1).</summary>
    public const int SliceEndpointsMax = Limits.SliceEndpoints;

    /// <summary>What <paramref name="content"/> wants published.</summary>
    /// <param name="content">The objects; no key twice.</param>
    /// <param name="options">The options.</param>
    /// <param name="cache">What the call before left; null reconciles everything anew, with the same result.</param>
    public static ReconcileResult Reconcile(
        ManifestContent content, ReconcileOptions options, ReconcileCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(options);
        var services = content.Services.ToDictionary(service => service.Key);
        var slices = content.EndpointSlices
            .Where(slice => slice.ServiceName is not null)
            .ToLookup(slice => new ObjectKey(slice.Key.Namespace, slice.ServiceName!));
        var records = new List<DesiredRecord>();
        var held = new List<string>();
        var problems = new List<ManifestProblem>();
        foreach (var export in content.ServiceExports)
        {
            if (!services.TryGetValue(export.Key, out var service))
            {
                problems.Add(new(export.Location, $"ServiceExport {export.Key} names no Service (NoService): "
                    + "add the Service, or remove the export"));
            }
            else if (service.Type == ServiceType.ExternalName)
            {
                problems.Add(
                    new(export.Location, $"Service {export.Key} is an ExternalName (InvalidServiceType), which "
                    + "has no endpoints to export: remove the export"));
            }
            else
            {
                var built = Build(service, [.. slices[export.Key]], options, cache);
                problems.AddRange(built.Problems);
                if (built.Record is { } record)
                {
                    records.Add(record);
                }
                else
                {
                    held.Add(NameOf(export.Key));
                }
            }
        }

        cache?.Turn();
        records.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        held.Sort(string.CompareOrdinal);
        problems.Sort((a, b) => a.Location.CompareTo(b.Location) is var order && order != 0
            ? order
            : string.CompareOrdinal(a.Message, b.Message));
        return new(records, held, problems);
    }

    private static ReconcileCache.Entry Build(
        Service service, IReadOnlyList<EndpointSlice> slices, ReconcileOptions options, ReconcileCache? cache)
    {
        if (cache is null || !cache.TryGet(service, slices, out var entry))
        {
            var problems = new List<ManifestProblem>();
            entry = new(service, slices, new RecordBuilder(options, problems).Build(service, slices), problems);
        }

        cache?.Put(entry);
        return entry;
    }

    /// <summary>The service part that <paramref name="key"/> has inside its segment.</summary>
    public static string NameOf(ObjectKey key) => $"{key.Name}.{key.Namespace}.svc";
}
