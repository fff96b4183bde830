using System.Diagnostics.CodeAnalysis;
using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Reconciling;

/// <summary>
/// What the last reconciliation made of each Service, so that a change of one costs one: a Service whose objects are
/// the same instances gives the same record instance. For one set of options. Not thread-safe.
/// </summary>
public sealed class ReconcileCache
{
    private Dictionary<ObjectKey, Entry> _last = [];
    private Dictionary<ObjectKey, Entry> _next = [];

    internal bool TryGet(
        Service service, IReadOnlyList<EndpointSlice> slices, [NotNullWhen(true)] out Entry? entry)
    {
        var isSame = _last.TryGetValue(service.Key, out entry)
            && ReferenceEquals(entry.Service, service)
            && entry.Slices.Count == slices.Count
            && entry.Slices.Zip(slices).All(pair => ReferenceEquals(pair.First, pair.Second));
        return isSame;
    }

    internal void Put(Entry entry) => _next[entry.Service.Key] = entry;

    // What this round did not ask for is forgotten.
    internal void Turn() => (_last, _next) = (_next, []);

    internal sealed record Entry(
        Service Service,
        IReadOnlyList<EndpointSlice> Slices,
        DesiredRecord? Record,
        IReadOnlyList<ManifestProblem> Problems);
}
