using System.Globalization;
using System.Net;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Answers for the names of addresses (<c>d.c.b.a.in-addr.arpa</c>, RFC 1035 section 3.5) within the range that
/// services get theirs from; who gives the addresses can prove which have no name, and that nothing else is there. A
/// zone begins where all addresses under it are of the range. Pure but for the table. Thread-safe.
/// </summary>
internal sealed class ReverseAnswers(VipTable table)
{
    private const int OctetsMax = 4;
    private static readonly DnsName Arpa = DnsName.Parse("in-addr.arpa");

    private readonly int _zoneOctets = (table.Range.Network.PrefixLength + 7) / 8;

    /// <summary>The reply; null for a name outside of the range.</summary>
    internal DnsReply? Answer(DnsQuestion question, uint ttl)
    {
        if (!question.Name.IsAtOrUnder(Arpa))
        {
            return null;
        }

        var labels = question.Name.Labels().SkipLast(2).Reverse().ToList();
        var octets = labels.Take(OctetsMax).Select(OctetOf).TakeWhile(octet => octet >= 0).ToList();
        if (octets.Count < _zoneOctets || !IsInside(octets.Take(_zoneOctets)))
        {
            return null;
        }

        var zone = DnsName.Parse(string.Join('.', octets.Take(_zoneOctets).Reverse()) + ".in-addr.arpa");
        var isApex = labels.Count == _zoneOctets;
        return octets.Count < labels.Count ? DnsReply.NoName(zone, ttl)
            : isApex && question.Type == DnsType.SOA
                ? DnsReply.Of(DnsData.Authority(zone, ttl) with { Name = question.Name })
            : octets.Count == OctetsMax ? OfAddress(question, octets, zone, isApex, ttl)
            : Exists(question, zone, ttl);
    }

    private DnsReply OfAddress(DnsQuestion question, List<int> octets, DnsName zone, bool isApex, uint ttl)
    {
        var name = table.NameOf(AddressOf(octets));
        return name is null && !isApex ? DnsReply.NoName(zone, ttl)
            : name is not null && question.Type == DnsType.PTR
                ? DnsReply.Of(DnsData.Pointer(question.Name, ttl, DnsName.Parse(name)))
            : Exists(question, zone, ttl);
    }

    private static DnsReply Exists(DnsQuestion question, DnsName zone, uint ttl) => question.Type == DnsType.ANY
        ? DnsReply.Of(DnsData.NotAny(question.Name, ttl))
        : DnsReply.NoData(zone, ttl);

    // In its one form; -1 for anything else.
    private static int OctetOf(string label) =>
        byte.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out var octet)
        && octet.ToString(CultureInfo.InvariantCulture) == label
            ? octet
            : -1;

    private bool IsInside(IEnumerable<int> octets) => table.Range.Network.Contains(AddressOf(octets));

    // The octets that are not there are 0.
    private static IPAddress AddressOf(IEnumerable<int> octets)
    {
        var bytes = new byte[OctetsMax];
        foreach (var (i, octet) in octets.Index())
        {
            bytes[i] = (byte)octet;
        }

        return new IPAddress(bytes);
    }
}
