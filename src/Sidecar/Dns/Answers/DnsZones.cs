using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Which names are answered here. Each segment at or under a zone has its services at and under
/// <c>svc.&lt;segment&gt;</c>, and <c>clusterset.local</c> belongs here whole; all else, a segment's own name too, is
/// somebody else's. Thread-safe.
/// </summary>
internal sealed class DnsZones
{
    private const string Divider = "svc";
    private static readonly DnsName ClusterSet = DnsName.Parse(SegmentName.ClusterSet);

    // More trees than these are not one home's peers.
    private const int LearntMax = 256;

    private readonly bool _learns;
    private ImmutableArray<SegmentName> _zones;

    /// <summary>Answers for segments at and under these.</summary>
    internal DnsZones(IEnumerable<SegmentName> zones)
        : this(zones, learns: false)
    {
    }

    private DnsZones(IEnumerable<SegmentName> zones, bool learns)
    {
        _zones = [.. zones];
        _learns = learns;
    }

    /// <summary>
    /// The zones of a sidecar that is told none: what its home's parent covers, or the home's name where it has no
    /// parent, the segments that are known by configuration, and those that verified answers have led through.
    /// </summary>
    /// <param name="home">The home segment.</param>
    /// <param name="known">Those that are pinned, and those of imports.</param>
    internal static DnsZones Default(SegmentName home, IEnumerable<SegmentName> known) =>
        new([home.Parent ?? home, .. known], learns: true);

    /// <summary>A verified answer has led through these: what is at or under them is no stranger's to answer. Nothing
    /// happens where the operator named the zones.</summary>
    internal void Learn(IEnumerable<SegmentName> segments)
    {
        foreach (var segment in _learns ? segments : [])
        {
            ImmutableInterlocked.Update(
                ref _zones,
                static (zones, one) => zones.Any(one.IsAtOrUnder) || zones.Length >= LearntMax ? zones : zones.Add(one),
                segment);
        }
    }

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

        return at >= 0 && SegmentName.TryParse(segment, out var parsed, out _) && _zones.Any(parsed.IsAtOrUnder)
            ? InZone(labels[..at], segment, DnsName.Parse($"{Divider}.{segment}"))
            : null;
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
