using System.Collections.Immutable;
using System.Numerics;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// The endpoints of a verified answer as they are reached from here (4.1 "Reach"). Those in a network that the home's
/// Scope lists, or in none, are reached at their own addresses; the others at their gateway's, once for all behind it.
/// Weights keep their proportions: all of a name are multiplied by what lets each share be whole. One reading for
/// Envoy, gRPC and the proxy. Pure.
/// </summary>
internal static class ReachedEndpoints
{
    /// <summary>The greatest weight of an endpoint.</summary>
    internal const long WeightMax = 1_000_000;

    /// <summary>The endpoints, those at their own addresses first, in the answer's order.</summary>
    internal static IReadOnlyList<ReachedEndpoint> Of(VerifiedAnswer answer)
    {
        var reached = new List<ReachedEndpoint>();
        var kept = answer.Record is { } record ? RecordPorts.Of(record) : [];
        var scale = answer.Gateways.Aggregate(1L, (all, gateway) => Multiple(all, gateway.Addresses.Length));
        var behind = new SortedDictionary<string, List<ReachedEndpoint>>(StringComparer.Ordinal);
        foreach (var slice in answer.Slices)
        {
            var ports = RecordPorts.Pick(slice.Ports, kept);
            foreach (var endpoint in slice.Endpoints)
            {
                // A name with a host means that endpoint alone.
                if (answer.Name.Service?.Host is { } host && endpoint.Host != host)
                {
                    continue;
                }

                var own = Own(answer, slice, ports, endpoint, scale);
                if (answer.IsInReach(endpoint))
                {
                    reached.Add(own);
                    continue;
                }

                foreach (var gateway in answer.Gateways.Where(gateway => gateway.Network == endpoint.Network))
                {
                    Enter(behind, gateway, own);
                }
            }
        }

        reached.AddRange(behind.Values.Select(Merged));
        return Fit(reached);
    }

    private static List<ReachedEndpoint> Fit(List<ReachedEndpoint> reached)
    {
        var greatest = reached.Select(one => one.Weight).DefaultIfEmpty().Max();
        return greatest <= WeightMax
            ? reached
            : [.. reached.Select(one => one with
            {
                Weight = Math.Max(1, (long)((Int128)one.Weight * WeightMax / greatest)),
            })];
    }

    // The least common multiple; as many addresses as gateways may have keep it under a million.
    private static long Multiple(long one, long other) =>
        other <= 1 ? one : one / (long)BigInteger.GreatestCommonDivisor(one, other) * other;

    private static ReachedEndpoint Own(
        VerifiedAnswer answer, Slice slice, ImmutableArray<int> ports, SliceEndpoint endpoint, long scale) => new(
        endpoint.Address,
        ports,
        slice.Region ?? "",
        endpoint.Zone ?? "",
        scale * Math.Clamp(endpoint.Weight ?? 1, 1, WeightMax),
        endpoint.State,
        endpoint.Identity is { } identity ? [identity] : answer.Record?.Identities ?? [],
        IsGateway: false);

    // The load of what is behind it, in equal parts over its addresses. A gateway that names identities ends the TLS
    // itself; another passes it on, and then an endpoint shows its own.
    private static void Enter(
        SortedDictionary<string, List<ReachedEndpoint>> behind, Gateway gateway, ReachedEndpoint endpoint)
    {
        foreach (var address in gateway.Addresses)
        {
            if (!behind.TryGetValue(address.Text, out var members))
            {
                behind.Add(address.Text, members = []);
            }

            members.Add(endpoint with
            {
                Address = IpAddress.Format(address.Address),
                Ports = [.. endpoint.Ports.Select(port => port > 0 ? address.Port : 0)],
                Weight = endpoint.Weight / gateway.Addresses.Length,
                Identities = gateway.Identities.IsEmpty ? endpoint.Identities : gateway.Identities,
                IsGateway = true,
            });
        }
    }

    // Once, whatever is behind it: clients refuse an address that an assignment names twice. It takes requests as long
    // as anything behind it does, with their weight, and stands where most of that is.
    private static ReachedEndpoint Merged(List<ReachedEndpoint> members)
    {
        var best = members.Min(member => RankOf(member.State));
        var usable = members.Where(member => RankOf(member.State) == best).ToList();
        var place = usable.GroupBy(member => (member.Region, member.Zone))
            .OrderByDescending(group => group.Sum(member => member.Weight))
            .ThenBy(group => group.Key.Region, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Zone, StringComparer.Ordinal).First().Key;
        return usable[0] with
        {
            Ports = [.. usable[0].Ports.Select((_, i) => usable.Max(member => member.Ports[i]))],
            Region = place.Region,
            Zone = place.Zone,
            Weight = usable.Sum(member => member.Weight),
            Identities = [.. members.SelectMany(member => member.Identities).Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)],
        };
    }

    private static int RankOf(string? state) => state switch
    {
        EndpointState.Unready => 2,
        EndpointState.Draining => 1,
        _ => 0,
    };
}
