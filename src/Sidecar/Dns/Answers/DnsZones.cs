using System.Collections.Frozen;
using Fairlead.Naming;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Which names are answered here. Each segment at or under a zone has its services at and under
/// <c>svc.&lt;segment&gt;</c>, and <c>clusterset.local</c> belongs here whole; all else, a segment's own name too, is
/// somebody else's. Immutable, thread-safe.
/// </summary>
internal sealed class DnsZones
{
    private const string Divider = "svc";
    private static readonly DnsName ClusterSet = DnsName.Parse(SegmentName.ClusterSet);

    private readonly FrozenSet<SegmentName> _zones;

    /// <summary>Answers for segments at and under these.</summary>
    internal DnsZones(IEnumerable<SegmentName> zones) => _zones = zones.ToFrozenSet();

    /// <summary>
    /// The zones of a sidecar that is told none: what its home's parent covers, or the home's name where it has no
    /// parent, and the segments that are known by its configuration: whoever else could name one might name
    /// <c>cluster.local</c>.
    /// </summary>
    /// <param name="home">The home segment.</param>
    /// <param name="known">Those that are pinned, and those of imports.</param>
    internal static DnsZones Default(SegmentName home, IEnumerable<SegmentName> known) =>
        new([home.Parent ?? home, .. known]);

    /// <summary>Takes a name apart; null where it is not answered here.</summary>
    internal DnsTarget? Find(DnsName name)
    {
        var labels = name.Labels();
        var at = labels.LastIndexOf(Divider);
        var segment = at < 0 ? "" : string.Join('.', labels.Skip(at + 1));
        if (segment == SegmentName.ClusterSet)
        {
            return InZone(labels[..at], segment, ClusterSet);
        }

        if (name.IsAtOrUnder(ClusterSet))
        {
            return labels switch
            {
                [_, _] => new DnsTarget(DnsTargetKind.Apex, ClusterSet),
                ["dns-version", _, _] => new DnsTarget(DnsTargetKind.Version, ClusterSet),
                _ => new DnsTarget(DnsTargetKind.Impossible, ClusterSet),
            };
        }

        return at >= 0 && SegmentName.TryParse(segment, out var parsed, out _) && IsInZone(parsed)
            ? InZone(labels[..at], segment, DnsName.Parse($"{Divider}.{segment}"))
            : null;
    }

    private bool IsInZone(SegmentName segment)
    {
        for (var at = segment; at is not null; at = at.Parent)
        {
            if (_zones.Contains(at))
            {
                return true;
            }
        }

        return false;
    }

    private static DnsTarget InZone(List<string> front, string segment, DnsName zone)
    {
        var impossible = new DnsTarget(DnsTargetKind.Impossible, zone);
        if (front.Count == 0)
        {
            return new DnsTarget(zone == ClusterSet ? DnsTargetKind.Between : DnsTargetKind.Apex, zone);
        }

        var service = string.Join('.', front.TakeLast(2).Prepend(front.Count == 1 ? "x" : "").Where(x => x.Length > 0));
        if (!FullName.TryParse($"{service}.{Divider}.{segment}", out var full, out _))
        {
            return impossible;
        }

        return (front.Count <= 2 ? [] : front[..^2]) switch
        {
            [] when front.Count == 1 => new DnsTarget(DnsTargetKind.Between, zone),
            [] => new DnsTarget(DnsTargetKind.Service, zone, full.Text),
            ["_tcp" or "_udp" or "_sctp"] and [var protocol] =>
                new DnsTarget(DnsTargetKind.Protocol, zone, full.Text, null, protocol[1..]),
            [['_', .. var port], "_tcp" or "_udp" or "_sctp"] and [_, var protocol] =>
                new DnsTarget(DnsTargetKind.Port, zone, full.Text, port, protocol[1..]),
            [var host] when IsHost(host) => new DnsTarget(DnsTargetKind.Host, zone, full.Text, host),
            [var host, var cluster] when zone == ClusterSet && IsHost(host) && IsHost(cluster) =>
                new DnsTarget(DnsTargetKind.Host, zone, full.Text, host, cluster),
            _ => impossible,
        };
    }

    // An address with dashes may begin or end with one, which no label of the namespace does.
    private static bool IsHost(string label) =>
        label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
