using System.Collections.Immutable;
using Fairlead.Identities;
using Fairlead.Resolver;
using Fairlead.Resolver.Sets;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Proxy.Services;

/// <summary>What a name that several segments serve means to the proxy: each member is mapped as the name of its own
/// that it is, with its own identities and bundles. Pure.</summary>
internal static class ProxiedSetMapping
{
    private const long WeightMax = 1_000_000;

    /// <summary>The joined service.</summary>
    internal static ProxiedService Map(CachedName cached, AddressFamilies families)
    {
        var state = cached.State.ToString().ToLowerInvariant();
        if (!cached.IsServed)
        {
            return ProxiedService.Without(cached.Name, ProxiedServiceMapping.StatusOf(cached), state);
        }

        var members = cached.Members.Where(part => part.IsUsed)
            .Select(part => (Part: part, Service: ProxiedServiceMapping.Map(part.Name!, families))).ToList();
        var ports = SetPorts.Union(members.Select(one => one.Service.Ports));
        var heaviest = members.Max(one => one.Part.Member.Weight);
        var home = cached.Answer!;
        return new ProxiedService(
            cached.Name,
            ServiceStatus.Served,
            state,
            ports,
            [.. members.SelectMany(one => EndpointsOf(one.Part, one.Service, ports, heaviest))
                .Select(one => one with { IsStrict = one.IsStrict || cached.IsStrict })],
            ImmutableDictionary<string, TrustBundle>.Empty,
            new ProxyProvenance(
                home.Target.Name.Text, home.Target.Epoch.Value.Number, home.Target.Seal?.Position.Seq ?? 0,
                home.Set!.Version));
    }

    // A member's weight is shared by its endpoints that take requests, in the proportion of their own.
    private static IEnumerable<ProxiedEndpoint> EndpointsOf(
        SetPart part, ProxiedService service, ImmutableArray<ServedPort> ports, long heaviest)
    {
        var total = Math.Max(1, service.Endpoints.Where(one => one.Readiness == EndpointReadiness.Ready)
            .Sum(one => (long)one.Weight));
        return service.Endpoints.Select(endpoint => endpoint with
        {
            Ports = SetPorts.Place(ports, service.Ports, endpoint.Ports),
            Priority = (int)part.Member.Priority,
            Provenance = service.Provenance,

            // Two segments may both speak for one trust domain: what one sealed says nothing of the other's (V55).
            Bundles = service.Bundles,
            Weight = (uint)Math.Clamp(
                part.Member.Weight * WeightMax / heaviest * endpoint.Weight / total, 1, WeightMax),
        });
    }
}
