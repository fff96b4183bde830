using System.Collections.Immutable;
using System.Net;

namespace Fairlead.Sidecar.Dns;

/// <summary>Answers questions about a verified service. Pure.</summary>
internal static class ServiceAnswers
{
    // Of endpoints that share a name and the port that is asked for, and not all ports, all but one are in vain: four
    // times what a message over TCP holds.
    private const int LooksMax = 16_384;

    internal static DnsReply Answer(
        DnsQuestion question, DnsTarget target, NameView view, AnswerContext context, bool isStale)
    {
        var ttl = context.Ttl(view, isStale);
        var asked = new Asked(question, target, view.Service!, ttl, context) { IsStale = isStale };
        return target.Kind switch
        {
            DnsTargetKind.Service when asked.Service.IsHeadless => Headless(asked),
            DnsTargetKind.Service => ClusterIp(asked),
            DnsTargetKind.Host => Host(asked),
            DnsTargetKind.Protocol => Protocol(asked),
            _ => Port(asked),
        };
    }

    private static DnsReply ClusterIp(Asked asked) => asked.Question.Type switch
    {
        DnsType.A when asked.Context.Vip is { } vip => DnsReply.Of(DnsData.Address(asked.Name, asked.Ttl, vip)),
        DnsType.A => NoVip(asked),
        DnsType.SRV => Services(asked, Enumerable.Range(0, asked.Service.Ports.Length)),
        DnsType.TXT => Evidence(asked),
        _ => Exists(asked),
    };

    private static DnsReply NoVip(Asked asked) => DnsReply.Failed(
        DnsRcode.ServFail, ExtendedErrorCode.Other, asked.Context.VipTrouble ?? "the service has no address here");

    private static DnsReply Headless(Asked asked)
    {
        // As Kubernetes' DNS specification has it: without a ready endpoint a headless service has no name.
        if (asked.Index.Ready.IsEmpty)
        {
            return Unready(asked);
        }

        return asked.Question.Type switch
        {
            DnsType.A or DnsType.AAAA => Addresses(asked, asked.Index.Ready),
            DnsType.SRV => Services(asked, Enumerable.Range(0, asked.Service.Ports.Length)),
            DnsType.TXT => Evidence(asked),
            _ => Exists(asked),
        };
    }

    private static DnsReply Unready(Asked asked)
    {
        var isBehind = asked.Index.IsBehind;
        var reply = isBehind ? HasNone(asked) : asked.NoName();
        return reply.Rcode == DnsRcode.ServFail ? reply : reply with
        {
            Errors =
            [
                new ExtendedError(
                    ExtendedErrorCode.Other,
                    isBehind
                        ? "verified: every ready endpoint of this service is behind a gateway"
                        : "verified: no endpoint of this service is ready"),
            ],
        };
    }

    private static DnsReply Host(Asked asked)
    {
        var (label, cluster) = (asked.Target.Label, asked.Target.Qualifier);
        if (!asked.Service.IsHeadless)
        {
            return asked.NoName();
        }

        // Multi-cluster DNS: the name of one cluster's part is none, though its endpoints' names lie below it.
        if (cluster is null && asked.Index.Clusters.Contains(label!))
        {
            return Exists(asked);
        }

        return asked.Index.Find(label!, cluster) is not { } addresses ? asked.NoName(cluster)
            : asked.Question.Type is DnsType.A or DnsType.AAAA ? Addresses(asked, addresses, cluster)
            : Exists(asked);
    }

    private static DnsReply Protocol(Asked asked) =>
        asked.Target.Qualifier == "tcp" && asked.Service.Ports.Any(port => port.Name is not null)
            ? Exists(asked)
            : asked.NoName();

    private static DnsReply Port(Asked asked)
    {
        var ports = Enumerable.Range(0, asked.Service.Ports.Length)
            .Where(i => asked.Target.Qualifier == "tcp" && asked.Service.Ports[i].Name == asked.Target.Label).ToList();
        return ports.Count == 0 ? asked.NoName()
            : asked.Service.IsHeadless && asked.Index.Ready.IsEmpty ? Unready(asked)
            : asked.Question.Type == DnsType.SRV ? Services(asked, ports)
            : Exists(asked);
    }

    private static DnsReply Addresses(Asked asked, AddressList addresses, string? cluster = null)
    {
        var (asks, others) = asked.Question.Type == DnsType.A
            ? (addresses.Ipv4, addresses.Ipv6)
            : (addresses.Ipv6, addresses.Ipv4);

        // Clients ask for both families at once, and some take an error of one for an error of both (musl).
        return asks.IsEmpty ? others.IsEmpty ? HasNone(asked, cluster) : Exists(asked)
            : DnsReply.Of([.. asked.From(asks).Select(address => DnsData.Address(asked.Name, asked.Ttl, address))]);
    }

    // A service with an address is its own target at the service's port; endpoints are targets at their own.
    private static DnsReply Services(Asked asked, IEnumerable<int> ports)
    {
        if (!asked.Service.IsHeadless)
        {
            if (asked.Context.Vip is not { } vip)
            {
                return NoVip(asked);
            }

            var own =
                from port in ports
                let number = asked.Service.Ports[port].Number
                select DnsData.Service(asked.Name, asked.Ttl, 100, number, asked.ServiceName);
            return DnsReply.Of([.. own]) with
            {
                Additionals = [DnsData.Address(asked.ServiceName, asked.Ttl, vip)],
            };
        }

        var found = Targets(asked, [.. ports]).Take(LooksMax).DistinctBy(one => one.Record)
            .Take(asked.Context.RecordsMax).ToList();
        if (found.Count == 0)
        {
            return HasNone(asked);
        }

        var additionals =
            from target in found.Select(one => (one.Endpoint.Label, one.Endpoint.Cluster, Name: one.Target)).Distinct()
            from address in AddressesOf(asked.Index.Find(target.Label, target.Cluster)!)
            select DnsData.Address(target.Name, asked.Ttl, address);
        return DnsReply.Of([.. found.Select(one => one.Record)]) with
        {
            Additionals = [.. additionals.Take(asked.Context.RecordsMax)],
        };
    }

    private static IEnumerable<IPAddress> AddressesOf(AddressList addresses) => addresses.Ipv4.Concat(addresses.Ipv6);

    private static IEnumerable<(HostView Endpoint, DnsName Target, DnsRecord Record)> Targets(Asked asked, int[] ports)
    {
        foreach (var (served, endpoint) in asked.Serving(ports).Take(LooksMax))
        {
            if (asked.NameOf(endpoint) is not { } target)
            {
                continue; // Too long to be a name.
            }

            var weight = (ushort)Math.Min(endpoint.Weight, ushort.MaxValue);
            foreach (var port in ports.Where(port => served[port] > 0))
            {
                yield return (
                    endpoint, target, DnsData.Service(asked.Name, asked.Ttl, weight, served[port], target));
            }
        }
    }

    private static DnsReply Evidence(Asked asked)
    {
        var state = asked.IsStale ? "state=stale" : "state=fresh";
        return DnsReply.Of(DnsData.Texts(asked.Name, asked.Ttl, [state, .. asked.Service.Evidence]));
    }

    // Records of this type are of another kind of name, whatever the service is now.
    private static DnsReply Exists(Asked asked) => asked.Question.Type == DnsType.ANY
        ? DnsReply.Of(DnsData.NotAny(asked.Name, asked.Ttl))
        : DnsReply.NoData(asked.Target.Zone, asked.NegativeTtl);

    // Names of this kind have records of this type, and this one has none: no more than absence is that told where it
    // is not proven.
    private static DnsReply HasNone(Asked asked, string? cluster = null) => asked.Unproven(cluster) ?? Exists(asked);

    private sealed record Asked(
        DnsQuestion Question, DnsTarget Target, ServiceView Service, uint Ttl, AnswerContext Context)
    {
        internal required bool IsStale { get; init; }

        internal DnsName Name => Question.Name;

        internal EndpointIndex Index { get; } = EndpointIndex.Of(Service);

        internal uint NegativeTtl => IsStale ? 0 : Context.NegativeTtl(Service, Ttl);

        internal DnsName ServiceName { get; } = DnsName.Parse(Target.Service!);

        /// <summary>The name does not exist, where that is proven.</summary>
        internal DnsReply NoName(string? cluster = null) =>
            Unproven(cluster) ?? DnsReply.NoName(Target.Zone, NegativeTtl);

        /// <summary>
        /// Why it is not proven that something is not there; null where it is, by every segment that could serve it: by
        /// all, or by the one that the name says. What is stale proves nothing of the kind: its seal is over (trust
        /// 4.8).
        /// </summary>
        internal DnsReply? Unproven(string? cluster)
        {
            foreach (var (label, why) in Service.Unproven)
            {
                if (cluster is null || cluster == label)
                {
                    return DnsReply.Failed(DnsRcode.ServFail, ExtendedErrorCode.Other, why);
                }
            }

            return IsStale
                ? DnsReply.Failed(
                    DnsRcode.ServFail, ExtendedErrorCode.NoReachableAuthority,
                    "stale: nothing proves now what is not there")
                : null;
        }

        internal DnsName? NameOf(HostView endpoint) =>
            (endpoint.Cluster is { } cluster ? ServiceName.Child(cluster) : ServiceName)?.Child(endpoint.Label);

        /// <summary>As many as can be of use, from a place that changes from question to question.</summary>
        internal IEnumerable<T> From<T>(ImmutableArray<T> all)
        {
            var start = (int)((uint)Context.Rotation % (uint)Math.Max(all.Length, 1));
            for (var i = 0; i < all.Length && i < Context.RecordsMax; i++)
            {
                yield return all[(start + i) % all.Length];
            }
        }

        /// <summary>The endpoints that serve one of the ports, likewise.</summary>
        internal IEnumerable<(ImmutableArray<int> Ports, HostView Endpoint)> Serving(int[] ports)
        {
            var groups = Index.Targets.Where(group => ports.Any(port => group.Ports[port] > 0)).ToList();
            var count = groups.Sum(group => group.Endpoints.Length);
            var (at, i) = (0, (int)((uint)Context.Rotation % (uint)Math.Max(count, 1)));
            while (at < groups.Count && i >= groups[at].Endpoints.Length)
            {
                i -= groups[at++].Endpoints.Length;
            }

            for (; count > 0; count--)
            {
                yield return (groups[at].Ports, groups[at].Endpoints[i]);
                if (++i == groups[at].Endpoints.Length)
                {
                    (at, i) = ((at + 1) % groups.Count, 0);
                }
            }
        }
    }
}
