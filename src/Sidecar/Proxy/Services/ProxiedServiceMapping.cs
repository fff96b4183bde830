using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Proxy.Services;

/// <summary>The one place where the proxy reads the resolver's names. Pure.</summary>
internal static class ProxiedServiceMapping
{
    /// <summary>What a cached name means to the proxy of a pod.</summary>
    /// <param name="cached">The name.</param>
    /// <param name="families">What the pod can reach.</param>
    internal static ProxiedService Map(CachedName cached, AddressFamilies families = AddressFamilies.Both)
    {
        if (!cached.Members.IsEmpty)
        {
            return ProxiedSetMapping.Map(cached, families);
        }

        var state = cached.State.ToString().ToLowerInvariant();
        if (!cached.IsServed || cached.Answer is not { Record: { } record } answer)
        {
            return ProxiedService.Without(cached.Name, StatusOf(cached), state);
        }

        return new ProxiedService(
            cached.Name,
            ServiceStatus.Served,
            state,
            ServedNameMapping.PortsOf(record),
            FamilyTranslation.Reachable<ProxiedEndpoint>(
                [.. ReachedEndpoints.Of(answer).Select(endpoint => EndpointOf(endpoint, cached))], families),
            SealedBundles.Of(answer),
            new ProxyProvenance(
                answer.Target.Name.Text,
                answer.Target.Epoch.Value.Number,
                answer.Target.Seal?.Position.Seq ?? 0,
                record.Version));
    }

    /// <summary>What may be done with a name that is not served.</summary>
    internal static ServiceStatus StatusOf(CachedName cached) => cached.State switch
    {
        NameState.Pending => ServiceStatus.Pending,
        NameState.Absent => ServiceStatus.Absent,
        NameState.Denied => ServiceStatus.Denied,
        NameState.Expired => ServiceStatus.Expired,
        NameState.Unreachable => FailureKinds.Of(cached) switch
        {
            FailureKind.Answer => ServiceStatus.Refused,
            FailureKind.Room => ServiceStatus.TurnedAway,
            FailureKind.Identity => ServiceStatus.Unidentified,
            _ => ServiceStatus.Unreachable,
        },

        // Served, and without a record: no answer says that.
        _ => ServiceStatus.Unreachable,
    };

    private static ProxiedEndpoint EndpointOf(ReachedEndpoint endpoint, CachedName cached) => new(
        endpoint.Address,
        endpoint.Ports,
        endpoint.Region,
        endpoint.Zone,
        (uint)endpoint.Weight,
        0,
        endpoint.State switch
        {
            EndpointState.Unready => EndpointReadiness.Unready,
            EndpointState.Draining => EndpointReadiness.Draining,
            _ => EndpointReadiness.Ready,
        },
        endpoint.Identities)
    {
        IsStrict = cached.IsStrict,

        // A gateway that passes TLS on knows where to by this alone; a member of a set has its own name here.
        ServerName = endpoint.Identities.IsEmpty ? null : cached.Name,
    };
}
