using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// Who is asked before whom: first the endpoint that a pod keeps, where its service wants that; then by the order of a
/// Set, and within one by the way there: the pod's zone, its region, everywhere else. Priorities are counted from 0
/// without a gap, as gRPC wants it. Pure.
/// </summary>
internal static class PriorityTranslation
{
    /// <summary>The localities with their priorities, best first, otherwise in the order in which they come.</summary>
    /// <param name="localities">Each with the priority that its Set gives it.</param>
    /// <param name="settings">Where the pod is, and who.</param>
    /// <param name="isSticky">Whether the pod keeps one endpoint as long as that takes requests.</param>
    internal static IEnumerable<LocalityLbEndpoints> Rank(
        IEnumerable<(int Priority, LocalityLbEndpoints Locality)> localities, ClusterSettings settings, bool isSticky)
    {
        var levels = localities
            .GroupBy(one => (one.Priority, DistanceOf(one.Locality.Locality, settings.Place)))
            .OrderBy(level => level.Key)
            .Select(level => level.Select(one => one.Locality).ToList()).ToList();
        if (isSticky && TakeKept(levels, settings.Pod) is { } kept)
        {
            levels.RemoveAll(level => level.Count == 0);
            levels.Insert(0, [kept]);
        }

        for (var i = 0; i < levels.Count; i++)
        {
            foreach (var locality in levels[i])
            {
                locality.Priority = (uint)i;
                yield return locality;
            }
        }
    }

    private static int DistanceOf(Locality of, PodPlace? place) => place is null ? 0
        : of.Region != place.Region ? 2
        : place.Zone is null || of.Zone != place.Zone ? 1 : 0;

    // Each pod has an order of its own over all endpoints, in which one that comes or goes moves no other (rendezvous
    // hashing): it keeps the first of the best level that has one that takes requests.
    private static LocalityLbEndpoints? TakeKept(List<List<LocalityLbEndpoints>> levels, string pod)
    {
        foreach (var level in levels)
        {
            var best = level
                .SelectMany(locality => locality.LbEndpoints.Select(endpoint => (locality, endpoint)))
                .Where(one => one.endpoint.HealthStatus == HealthStatus.Unknown)
                .OrderByDescending(one => Score(one.endpoint, pod)).FirstOrDefault();
            if (best.endpoint is null)
            {
                continue;
            }

            var kept = new LocalityLbEndpoints
            {
                Locality = best.locality.Locality,
                LbEndpoints = { best.endpoint },
                LoadBalancingWeight = 1,
            };
            var total = best.locality.LbEndpoints.Aggregate(0UL, (sum, one) => sum + WeightOf(one));
            var left = best.locality.LoadBalancingWeight!.Value * (total - WeightOf(best.endpoint)) / total;
            best.locality.LoadBalancingWeight = (uint)Math.Max(1, left);
            best.locality.LbEndpoints.Remove(best.endpoint);
            if (best.locality.LbEndpoints.Count == 0)
            {
                level.Remove(best.locality);
            }

            return kept;
        }

        return null;
    }

    // Weighted: an endpoint is first for as many pods as its weight is of all.
    private static double Score(LbEndpoint endpoint, string pod)
    {
        var socket = endpoint.Endpoint.Address.SocketAddress;
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{pod}\n{socket.Address}\n{socket.PortValue}"));
        var unit = ((BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) + 0.5) / (1UL << 53);
        return WeightOf(endpoint) / -Math.Log(unit);
    }

    private static uint WeightOf(LbEndpoint endpoint) => endpoint.LoadBalancingWeight ?? 1;
}
