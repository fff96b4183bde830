using Fairlead.EnvoyApi.Endpoints;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// The endpoints of a name that several segments serve. A member's weight is shared by its localities. Two members'
/// endpoints never stand in one locality: the member's name is the sub-zone. Pure.
/// </summary>
internal static class SetTranslation
{
    // Finer than any weight that a set can give: what is lost by rounding is below a thousandth of a member.
    private const ulong Scale = 1_000;

    /// <summary>The localities, each with the priority of its member, best first, within one by member.</summary>
    internal static IEnumerable<(int Priority, LocalityLbEndpoints Locality)> Localities(
        ServedName name, int portIndex)
    {
        // Two members may lead to one address; it serves as the one that is preferred.
        var members = name.Endpoints
            .Where(endpoint => endpoint.Ports[portIndex] > 0)
            .OrderBy(endpoint => endpoint.Member!.Priority)
            .ThenBy(endpoint => endpoint.Member!.Name, StringComparer.Ordinal)
            .DistinctBy(endpoint => (endpoint.Address, endpoint.Ports[portIndex]))
            .GroupBy(endpoint => endpoint.Member!);
        return members.SelectMany(member => Weighted(name, member.Key, member, portIndex)
            .Select(locality => (member.Key.Priority, locality)));
    }

    private static List<LocalityLbEndpoints> Weighted(
        ServedName name, ServedMember member, IEnumerable<ServedEndpoint> endpoints, int portIndex)
    {
        var metadata = AssignmentTranslation.Describe(member.Provenance);
        var localities = AssignmentTranslation.Localities(name, endpoints, portIndex, member.Name, metadata).ToList();
        var total = localities.Aggregate(0UL, (sum, locality) => sum + locality.LoadBalancingWeight!.Value);
        foreach (var locality in localities)
        {
            var share = (UInt128)(member.Weight * Scale) * locality.LoadBalancingWeight!.Value / total;
            locality.LoadBalancingWeight = Math.Max(1, (uint)share);
        }

        return localities;
    }
}
