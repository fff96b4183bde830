using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// The endpoints of a verified answer as they are reached from here (4.1 "Reach"). Those in a network that the home's
/// Scope lists, or in none, are reached at their own addresses; the others at their gateway's, once for all behind it.
/// One reading for Envoy, gRPC and the proxy. Pure.
/// </summary>
internal static class ReachedEndpoints
{
    private const long WeightMax = int.MaxValue;

    /// <summary>The endpoints, those at their own addresses first, in the answer's order.</summary>
    internal static IReadOnlyList<ReachedEndpoint> Of(VerifiedAnswer answer)
    {
        var reached = new List<ReachedEndpoint>();
        var behind = new SortedDictionary<string, List<ReachedEndpoint>>(StringComparer.Ordinal);
        foreach (var slice in answer.Slices)
        {
            foreach (var endpoint in slice.Endpoints)
            {
                // A name with a host means that endpoint alone.
                if (answer.Name.Service?.Host is { } host && endpoint.Host != host)
                {
                    continue;
                }

                var own = Own(answer, slice, endpoint);
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
        return reached;
    }

    private static ReachedEndpoint Own(VerifiedAnswer answer, Slice slice, SliceEndpoint endpoint) => new(
        endpoint.Address,
        slice.Ports,
        slice.Region ?? "",
        endpoint.Zone ?? "",
        Math.Clamp(endpoint.Weight ?? 1, 1, WeightMax),
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
                Ports = [.. endpoint.Ports.Select(_ => address.Port)],
                Weight = Math.Max(1, endpoint.Weight / gateway.Addresses.Length),
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
            Region = place.Region,
            Zone = place.Zone,
            Weight = Math.Min(WeightMax, usable.Sum(member => member.Weight)),
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
