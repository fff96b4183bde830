using System.Collections.Immutable;
using Fairlead.Resolver;
using Fairlead.Resolver.Sets;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>What a name that several segments serve means to clients: each member is mapped as the name of its own that
/// it is, and its endpoints stand beside the others' with the Set's priority and weight, and with the identities and
/// bundles of its own segment. Pure.</summary>
internal static class ServedSetMapping
{
    /// <summary>The input of the translation.</summary>
    /// <param name="cached">The joined name.</param>
    /// <param name="tls">What clients have for mutual TLS; null for nothing.</param>
    internal static ServedName Map(CachedName cached, ClientTls? tls)
    {
        var offered = Offered(cached).ToList();
        var ports = SetPorts.Union(offered);
        if (!cached.IsServed)
        {
            return ServedName.Without(cached.Name, ReasonOf(cached), ports);
        }

        var members = cached.Members.Where(part => part.IsUsed)
            .Select(part => (Part: part, Served: ServedNameMapping.Map(part.Name!, tls))).ToList();
        var peers = ServedTlsMapping.Join(members.Select(one => (one.Part.Member.Name.Text, one.Served.Tls)), tls);
        var all = members.SelectMany(one => EndpointsOf(one.Part, one.Served, ports, cached.IsStrict)).ToList();
        var endpoints = ServedTlsMapping.Known(all, peers);
        return new ServedName(cached.Name, null, ports, endpoints, null)
        {
            Tls = peers,
            EndpointsLeftOut = all.Count - endpoints.Length + members.Sum(one => one.Served.EndpointsLeftOut),
            PortsLeftOut = members.Sum(one => one.Served.PortsLeftOut)
                + SetPorts.LeftOut(offered),
            IsSticky = members.Exists(one => one.Served.IsSticky),

            // All endpoints are one assignment and one cluster: the strictest member bounds it.
            StrictUntil = members.Select(one => one.Served.StrictUntil).Append(ServedNameMapping.EndOf(cached)).Min(),
            StrictLead = members.Select(one => one.Served.StrictLead).Append(ServedNameMapping.LeadOf(cached)).Max(),

            // Also by those that serve nothing now: a failover must not change the cluster, which costs connections.
            StreamMax = Fitting(cached).Select(ServedNameMapping.StreamMaxOf).Min(),
        };
    }

    /// <summary>The ports of all members that fit, also of those that serve nothing now: a cluster that clients hold is
    /// emptied, never taken away.</summary>
    internal static ImmutableArray<ServedPort> PortsOf(CachedName cached) => SetPorts.Union(Offered(cached));

    private static IEnumerable<ImmutableArray<ServedPort>> Offered(CachedName cached) =>
        Fitting(cached).Select(ServedNameMapping.PortsOf);

    private static IEnumerable<CachedName> Fitting(CachedName cached) =>
        cached.Members.Where(part => part.Mismatch is null).Select(part => part.Name).OfType<CachedName>();

    // Clients may hold the endpoints of a member of which anything was ever known: they are told that none is left. So
    // they are where all are refused; one that is merely out of reach may serve on what clients hold of it.
    private static string ReasonOf(CachedName cached) =>
        cached.State != NameState.Unreachable ? ServedNameMapping.ReasonOf(cached)
        : cached.Members.Any(part => part.HasVerdict) ? Reasons.Unreachable
        : cached.Members.FirstOrDefault(part => part.Name?.Refused is not null) is { Name: { } refused }
            && !cached.Members.Any(part => part.IsOpen) ? ServedNameMapping.ReasonOf(refused)
        : ServedNameMapping.ReasonOf(cached);

    private static IEnumerable<ServedEndpoint> EndpointsOf(
        SetPart part, ServedName served, ImmutableArray<ServedPort> ports, bool isStrict)
    {
        if (served is not { Reason: null, Provenance: { } provenance })
        {
            return [];
        }

        var member = new ServedMember(
            part.Member.Name.Text, (int)part.Member.Priority, (uint)part.Member.Weight, provenance)
        {
            IsStrict = isStrict || served.StrictUntil is not null,
        };
        return served.Endpoints.Select(endpoint => endpoint with
        {
            Ports = SetPorts.Place(ports, served.Ports, endpoint.Ports),
            Member = member,
            Peer = endpoint.Peer is { } peer ? ServedTlsMapping.PeerOf(member.Name, peer) : null,
        });
    }
}
