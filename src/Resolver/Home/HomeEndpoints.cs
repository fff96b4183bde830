using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver.Home;

/// <summary>Where the home is asked, by whoever asks it. Pure, thread-safe.</summary>
public static class HomeEndpoints
{
    /// <summary>
    /// Those of the bootstrap file in their order, then those of the newest epoch: the first one of each anchor, then
    /// the second ones, so that where there is no room for all there is some for each anchor.
    /// </summary>
    /// <param name="bootstrap">What the deployer wrote.</param>
    /// <param name="home">The home's verified chain; null before it was met.</param>
    /// <returns>Each once, <see cref="NameCacheOptions.AnchorsMax"/> at the most.</returns>
    public static ImmutableArray<IpEndpoint> Of(ImmutableArray<IpEndpoint> bootstrap, SegmentState? home)
    {
        var ofEpoch = home?.Newest.Value.Anchors
            .SelectMany(anchor => anchor.Endpoints.Select((endpoint, place) => (Endpoint: endpoint, Place: place)))
            .OrderBy(one => one.Place)
            .Select(one => one.Endpoint) ?? [];
        return
        [
            .. bootstrap.Concat(ofEpoch)
                .DistinctBy(endpoint => endpoint.Text, StringComparer.Ordinal)
                .Take(NameCacheOptions.AnchorsMax),
        ];
    }
}
