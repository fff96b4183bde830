using System.Collections.Immutable;
using System.Net.Sockets;

namespace Fairlead.Sidecar.Dns;

/// <summary>Answers questions about a verified service. Pure.</summary>
internal static class ServiceAnswers
{
    // Of endpoints that share a host and a port all but one are in vain: four times what a message over TCP holds.
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
        if (asked.Ready.IsEmpty)
        {
            return Unready(asked);
        }

        return asked.Question.Type switch
        {
            DnsType.A or DnsType.AAAA => Addresses(asked, asked.Ready),
            DnsType.SRV => Services(asked, Enumerable.Range(0, asked.Service.Ports.Length)),
            DnsType.TXT => Evidence(asked),
            _ => Exists(asked),
        };
    }

    private static DnsReply Unready(Asked asked)
    {
        var isBehind = asked.Service.Endpoints.Any(endpoint => endpoint is { IsReady: true, IsInReach: false });
        var reply = isBehind ? Exists(asked) : asked.NoName();
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
        if (cluster is null && asked.Service.Endpoints.Any(endpoint => endpoint.Cluster == label))
        {
            return Exists(asked);
        }

        var found = asked.Service.Endpoints
            .Where(endpoint => endpoint.Label == label && (cluster is null || endpoint.Cluster == cluster)).ToList();
        return found.Count == 0 ? asked.NoName(cluster)
            : asked.Question.Type is DnsType.A or DnsType.AAAA
                ? Addresses(asked, found.Where(endpoint => endpoint is { IsReady: true, IsInReach: true }))
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
            : asked.Service.IsHeadless && asked.Ready.IsEmpty ? Unready(asked)
            : asked.Question.Type == DnsType.SRV ? Services(asked, ports)
            : Exists(asked);
    }

    private static DnsReply Addresses(Asked asked, IEnumerable<HostView> endpoints)
    {
        var family = asked.Question.Type == DnsType.A ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        var records = asked.Rotate(endpoints.Where(endpoint => endpoint.Address.AddressFamily == family))
            .Select(endpoint => DnsData.Address(asked.Name, asked.Ttl, endpoint.Address))
            .Distinct().Take(asked.Context.RecordsMax).ToList();
        return records.Count == 0 ? Exists(asked) : DnsReply.Of(records);
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

        var max = asked.Context.RecordsMax;
        var records = EndpointServices(asked, [.. ports]).Take(LooksMax).Distinct().Take(max).ToList();
        if (records.Count == 0)
        {
            return Exists(asked);
        }

        var additionals =
            from endpoint in asked.Rotate(asked.Ready).Take(max)
            let target = asked.NameOf(endpoint)
            where target is not null
            select DnsData.Address(target, asked.Ttl, endpoint.Address);
        return DnsReply.Of(records) with { Additionals = [.. additionals.Distinct()] };
    }

    private static IEnumerable<DnsRecord> EndpointServices(Asked asked, int[] ports)
    {
        foreach (var endpoint in asked.Rotate(asked.Ready))
        {
            if (asked.NameOf(endpoint) is not { } target)
            {
                continue; // Too long to be a name.
            }

            var weight = (ushort)Math.Min(endpoint.Weight, ushort.MaxValue);
            foreach (var port in ports)
            {
                if (endpoint.Ports[port] > 0)
                {
                    yield return DnsData.Service(asked.Name, asked.Ttl, weight, endpoint.Ports[port], target);
                }
            }
        }
    }

    private static DnsReply Evidence(Asked asked)
    {
        var state = asked.IsStale ? "state=stale" : "state=fresh";
        return DnsReply.Of(DnsData.Texts(asked.Name, asked.Ttl, [state, .. asked.Service.Evidence]));
    }

    private static DnsReply Exists(Asked asked) => asked.Question.Type == DnsType.ANY
        ? DnsReply.Of(DnsData.NotAny(asked.Name, asked.Ttl))
        : DnsReply.NoData(asked.Target.Zone, asked.NegativeTtl);

    private sealed record Asked(
        DnsQuestion Question, DnsTarget Target, ServiceView Service, uint Ttl, AnswerContext Context)
    {
        private ImmutableArray<HostView>? _ready;

        internal required bool IsStale { get; init; }

        internal DnsName Name => Question.Name;

        internal uint NegativeTtl { get; } = Context.NegativeTtl(Service, Ttl);

        internal DnsName ServiceName { get; } = DnsName.Parse(Target.Service!);

        /// <summary>The endpoints that take requests, of the best priority that has one: an address has no order of
        /// its own.</summary>
        internal ImmutableArray<HostView> Ready => _ready ??=
        [
            .. Service.Endpoints.Where(endpoint => endpoint is { IsReady: true, IsInReach: true })
                .GroupBy(endpoint => endpoint.Priority)
                .OrderBy(level => level.Key).FirstOrDefault() ?? Enumerable.Empty<HostView>(),
        ];

        /// <summary>The name does not exist, where that is proven of every segment that could serve it: of all, or of
        /// the one that the name says. What is stale proves nothing of the kind: its seal is over (trust
        /// 4.8).</summary>
        internal DnsReply NoName(string? cluster = null)
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
                : DnsReply.NoName(Target.Zone, NegativeTtl);
        }

        internal DnsName? NameOf(HostView endpoint) =>
            (endpoint.Cluster is { } cluster ? ServiceName.Child(cluster) : ServiceName)?.Child(endpoint.Label);

        internal IEnumerable<HostView> Rotate(IEnumerable<HostView> endpoints)
        {
            var all = endpoints.ToList();
            var start = all.Count == 0 ? 0 : (int)((uint)Context.Rotation % (uint)all.Count);
            return all.Skip(start).Concat(all.Take(start));
        }
    }
}
