using System.Globalization;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.Types;
using Fairlead.Xds;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// Endpoint assignments: one locality per (region, zone), weighted by its endpoints. Pure. Envoy and gRPC read the
/// same.
/// </summary>
internal static class AssignmentTranslation
{
    private const string SealedSince = "sealed_since";

    /// <summary>
    /// An assignment without endpoints: what is sent for a name that must not be reached. A denial also drops
    /// everything, which an Envoy tells apart from an outage (flag UDO instead of UH).
    /// </summary>
    internal static ClusterLoadAssignment Empty(string assignment, string? reason)
    {
        var result = new ClusterLoadAssignment { ClusterName = assignment };
        if (reason == Reasons.Denied)
        {
            result.Policy = new ClusterLoadAssignment.Types.Policy
            {
                DropOverloads =
                {
                    new ClusterLoadAssignment.Types.Policy.Types.DropOverload
                    {
                        Category = Reasons.Denied,
                        DropPercentage = new FractionalPercent
                        {
                            Numerator = 100,
                            Denominator = FractionalPercent.Types.DenominatorType.Hundred,
                        },
                    },
                },
            };
        }

        return result;
    }

    /// <summary>The endpoints of the service's port at <paramref name="portIndex"/>.</summary>
    internal static ClusterLoadAssignment Translate(
        ServedName name, string assignment, int portIndex, ClusterSettings? settings = null)
    {
        settings ??= ClusterSettings.Default;
        var result = Empty(assignment, name.Reason);
        result.Endpoints.AddRange(PriorityTranslation.Rank(
            name.Endpoints.Any(endpoint => endpoint.Member is not null)
                ? SetTranslation.Localities(name, portIndex)
                : Localities(name, name.Endpoints, portIndex, "", name.Provenance is { } from ? Describe(from) : null)
                    .Select(locality => (0, locality)),
            settings,
            name.IsSticky));
        foreach (var level in result.Endpoints.GroupBy(locality => locality.Priority))
        {
            Fit<LocalityLbEndpoints>(
                [.. level], static one => one.LoadBalancingWeight ?? 0,
                static (one, weight) => one.LoadBalancingWeight = weight);
        }

        if (settings.Overprovisioning is { } factor && result.Endpoints.Count > 0)
        {
            result.Policy ??= new ClusterLoadAssignment.Types.Policy();
            result.Policy.OverprovisioningFactor = factor;
        }

        return result;
    }

    /// <summary>The localities of one segment's endpoints, ascending by region and zone, each with the sum of its
    /// weights.</summary>
    /// <param name="name">What is served.</param>
    /// <param name="endpoints">Those of its endpoints that are meant.</param>
    /// <param name="portIndex">The index of the service's port.</param>
    /// <param name="subzone">What tells them apart from those of another member of a set; empty for none.</param>
    /// <param name="metadata">Where they come from; null for nothing.</param>
    internal static IEnumerable<LocalityLbEndpoints> Localities(
        ServedName name, IEnumerable<ServedEndpoint> endpoints, int portIndex, string subzone, Metadata? metadata)
    {
        var localities = Distinct(endpoints, portIndex)
            .GroupBy(endpoint => (endpoint.Region, endpoint.Zone))
            .OrderBy(group => group.Key.Region, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Zone, StringComparer.Ordinal);
        foreach (var group in localities)
        {
            var locality = new LocalityLbEndpoints
            {
                Locality = new Locality { Region = group.Key.Region, Zone = group.Key.Zone, SubZone = subzone },
            };
            locality.LbEndpoints.AddRange(group
                .OrderBy(endpoint => endpoint.Address, StringComparer.Ordinal)
                .ThenBy(endpoint => endpoint.Ports[portIndex])
                .Select(one => Translate(one, portIndex, metadata, TlsTranslation.MatchOf(name, one))));
            var total = Fit<LbEndpoint>(
                [.. locality.LbEndpoints], static one => one.LoadBalancingWeight ?? 0,
                static (one, weight) => one.LoadBalancingWeight = weight);
            locality.LoadBalancingWeight = Math.Max(1, total);
            yield return locality;
        }
    }

    // Two slices may name one address, as Kubernetes allows, be it in two zones; a client takes the first and complains
    // of the second, and gRPC refuses them all.
    private static IEnumerable<ServedEndpoint> Distinct(IEnumerable<ServedEndpoint> endpoints, int portIndex) =>
        endpoints.Where(endpoint => endpoint.Ports[portIndex] > 0)
            .OrderBy(endpoint => endpoint.Region, StringComparer.Ordinal)
            .ThenBy(endpoint => endpoint.Zone, StringComparer.Ordinal)
            .DistinctBy(endpoint => (endpoint.Address, endpoint.Ports[portIndex]));

    // The weights beside each other must not exceed 32 bits together (endpoint.proto); what they are to each other
    // stays.
    private static uint Fit<T>(T[] all, Func<T, uint> weightOf, Action<T, uint> weigh)
    {
        var total = all.Aggregate(0UL, (sum, one) => sum + weightOf(one));
        if (total <= uint.MaxValue)
        {
            return (uint)total;
        }

        // None is lost, which may add one for each.
        var most = uint.MaxValue - (uint)all.Length;
        var sum = 0U;
        foreach (var one in all)
        {
            var weight = Math.Max(1u, (uint)((UInt128)weightOf(one) * most / total));
            weigh(one, weight);
            sum += weight;
        }

        return sum;
    }

    private static LbEndpoint Translate(
        ServedEndpoint endpoint, int portIndex, Metadata? metadata, Struct? match) => new()
    {
        Endpoint = new Endpoint
        {
            Address = new Address
            {
                SocketAddress = new SocketAddress
                {
                    Address = endpoint.Address,
                    PortValue = (uint)endpoint.Ports[portIndex],
                },
            },
        },
        HealthStatus = endpoint.Health switch
        {
            ServedHealth.Unready or ServedHealth.Ending => HealthStatus.Unhealthy,
            ServedHealth.Draining => HealthStatus.Draining,
            _ => HealthStatus.Unknown,
        },
        LoadBalancingWeight = endpoint.Weight,
        Metadata = match is null ? metadata : With(metadata, match),
    };

    private static Metadata With(Metadata? metadata, Struct match)
    {
        var both = metadata?.Clone() ?? new Metadata();

        // Behind it in the order of keys, which keeps the bytes stable.
        var own = both.FilterMetadata.ToList();
        both.FilterMetadata.Clear();
        both.FilterMetadata.Add(WellKnown.SocketMatch, match);
        own.ForEach(pair => both.FilterMetadata.Add(pair.Key, pair.Value));
        return both;
    }

    /// <summary>Where endpoints come from, as metadata.</summary>
    internal static Metadata Describe(Provenance from) => Labels.Metadata(
    [
        .. from.IsStale ? [("reason", Value.ForString(Reasons.Stale))] : Array.Empty<(string, Value)>(),
        ("segment", Value.ForString(from.Segment)),
        ("epoch", Value.ForNumber(from.Epoch)),
        // As text: a version counts milliseconds and must not pass through a double.
        ("record_version", Value.ForString(from.RecordVersion.ToString(CultureInfo.InvariantCulture))),
        (SealedSince, Value.ForString(from.SealedSince)),
    ]);

    /// <summary>An assignment as it is served. The moments since which records are sealed are no part of its version:
    /// they are those of the first seal that was seen, which is another one after a restart that kept no
    /// answer.</summary>
    /// <param name="assignment">The endpoints.</param>
    /// <param name="name">Whose they are.</param>
    internal static Resource Serve(ClusterLoadAssignment assignment, ServedName name) => Resource.Create(
        assignment,
        [
            .. name.Endpoints.Select(endpoint => endpoint.Member?.Provenance).Prepend(name.Provenance)
                .OfType<Provenance>().Select(from => from.SealedSince).Distinct().Select(Encoded),
        ]);

    // A map's entries stand one by one in the message.
    private static byte[] Encoded(string sealedSince) =>
        new Struct { Fields = { [SealedSince] = Value.ForString(sealedSince) } }.ToByteArray();
}
