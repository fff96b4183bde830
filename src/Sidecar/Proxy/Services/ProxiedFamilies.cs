using System.Collections.Immutable;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Proxy.Services;

/// <summary>
/// Leaves out endpoints that this pod has no address to reach from, by the rule that Envoys and gRPC clients are told
/// by (<see cref="FamilyTranslation"/>): a pod of a dual-stack Service is two endpoints, and half of the requests would
/// go nowhere. Pure.
/// </summary>
internal static class ProxiedFamilies
{
    /// <summary>The endpoints of one segment that can be reached. Where none could be at a port, those all stay: what
    /// translates addresses on the way may not be known here.</summary>
    internal static ImmutableArray<ProxiedEndpoint> Reachable(
        ImmutableArray<ProxiedEndpoint> endpoints, AddressFamilies families)
    {
        var others = endpoints.Where(one => !FamilyTranslation.IsReachable(one.Address, families)).ToHashSet();
        if (others.Count == 0)
        {
            return endpoints;
        }

        var reached = endpoints
            .Where(one => one.Readiness != EndpointReadiness.Draining && !others.Contains(one))
            .SelectMany(one => one.Ports.Select((port, i) => port > 0 ? i : -1)).ToHashSet();
        return
        [
            .. endpoints.Select(one => others.Contains(one) ? Without(one, reached) : one)
                .Where(one => one.Ports.Any(port => port > 0)),
        ];
    }

    private static ProxiedEndpoint Without(ProxiedEndpoint endpoint, HashSet<int> reached) => endpoint with
    {
        Ports = [.. endpoint.Ports.Select((port, i) => reached.Contains(i) ? 0 : port)],
    };
}
