namespace Fairlead.Kubernetes.Reconciling;

/// <summary>Endpoints that share their target ports and their network, as one EndpointSlice gave them. Two networks may
/// have one address, and a slice lists an address once.</summary>
internal sealed record SliceGroup(
    IReadOnlyList<int> Ports, IReadOnlyList<DesiredEndpoint> Endpoints, string? Network = null);

/// <summary>Distributes endpoints over at most 128 slices of at most 100.</summary>
internal static class SlicePacker
{
    /// <summary>The slices of <paramref name="groups"/>, in their order; null when they do not fit.</summary>
    public static IReadOnlyList<DesiredSlice>? Pack(IReadOnlyList<SliceGroup> groups, string? region)
    {
        var unique = WithoutRepeats(groups);
        var slices = Cut(unique, region);
        if (slices.Count > Reconciler.SlicesMax)
        {
            slices = Cut(Merged(unique), region);
        }

        return slices.Count > Reconciler.SlicesMax ? null : slices;
    }

    // While endpoints move between EndpointSlices they stand in both; Kubernetes leaves it to the reader to notice.
    private static List<SliceGroup> WithoutRepeats(IReadOnlyList<SliceGroup> groups)
    {
        var best = new Dictionary<(string Key, string Address, string? Host), DesiredEndpoint>();
        foreach (var group in groups)
        {
            var key = KeyOf(group);
            foreach (var endpoint in group.Endpoints)
            {
                var place = (key, endpoint.Address, endpoint.Host);
                if (!best.TryGetValue(place, out var known) || endpoint.State < known.State)
                {
                    best[place] = endpoint;
                }
            }
        }

        var result = new List<SliceGroup>(groups.Count);
        foreach (var group in groups)
        {
            var key = KeyOf(group);
            var kept = group.Endpoints
                .Where(endpoint => best.TryGetValue((key, endpoint.Address, endpoint.Host), out var winner)
                    && ReferenceEquals(winner, endpoint))
                .ToList();
            result.Add(group with { Endpoints = kept });
        }

        return result;
    }

    private static List<SliceGroup> Merged(List<SliceGroup> groups) =>
    [
        .. groups.GroupBy(KeyOf, StringComparer.Ordinal)
            .OrderBy(same => same.Key, StringComparer.Ordinal)
            .Select(same => same.First() with { Endpoints = [.. same.SelectMany(group => group.Endpoints)] }),
    ];

    private static List<DesiredSlice> Cut(List<SliceGroup> groups, string? region)
    {
        var slices = new List<DesiredSlice>();
        foreach (var group in groups)
        {
            var ordered = group.Endpoints
                .OrderBy(endpoint => endpoint.Address, StringComparer.Ordinal)
                .ThenBy(endpoint => endpoint.Host ?? string.Empty, StringComparer.Ordinal);
            slices.AddRange(ordered.Chunk(Reconciler.SliceEndpointsMax)
                .Select(chunk => new DesiredSlice(group.Ports, chunk, region)));
        }

        return slices;
    }

    private static string KeyOf(SliceGroup group) => $"{string.Join(',', group.Ports)} {group.Network}";
}
