using System.Globalization;
using System.Net;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Answers for the names of addresses (<c>d.c.b.a.in-addr.arpa</c>, RFC 1035 section 3.5) within the range that
/// services get theirs from; who gives the addresses can prove which have no name. Pure but for the table. Thread-safe.
/// </summary>
internal sealed class ReverseAnswers(VipTable table)
{
    private static readonly DnsName Arpa = DnsName.Parse("in-addr.arpa");

    /// <summary>The reply; null for a name outside of the range.</summary>
    internal DnsReply? Answer(DnsQuestion question, uint ttl)
    {
        if (!question.Name.IsAtOrUnder(Arpa)
            || Octets(question.Name) is not { Length: > 0 } octets || !IsInside(octets))
        {
            return null;
        }

        var bytes = table.Range.Network.BaseAddress.GetAddressBytes();
        var whole = Enumerable.Range(0, table.Range.Network.PrefixLength / 8).Select(i => (int)bytes[i]);
        var zone = DnsName.Parse(string.Join('.', whole.Reverse()) + ".in-addr.arpa");
        if (octets.Length < 4)
        {
            return DnsReply.NoData(zone, ttl);
        }

        var name = table.NameOf(new IPAddress([.. octets.Select(octet => (byte)octet)]));
        return name is null ? DnsReply.NoName(zone, ttl)
            : question.Type == DnsType.PTR ? DnsReply.Of(DnsData.Pointer(question.Name, ttl, DnsName.Parse(name)))
            : question.Type == DnsType.ANY ? DnsReply.Of(DnsData.NotAny(question.Name, ttl))
            : DnsReply.NoData(zone, ttl);
    }

    // The octets from the first on, each in its one form; empty where there are none or others.
    private static int[] Octets(DnsName name)
    {
        var labels = name.HostText()?.Split('.') ?? [];
        var octets = new List<int>();
        foreach (var label in labels.SkipLast(2).Reverse())
        {
            if (!byte.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out var octet)
                || octet.ToString(CultureInfo.InvariantCulture) != label)
            {
                return [];
            }

            octets.Add(octet);
        }

        return octets.Count <= 4 ? [.. octets] : [];
    }

    private bool IsInside(int[] octets)
    {
        var bytes = new byte[4];
        for (var i = 0; i < octets.Length; i++)
        {
            bytes[i] = (byte)octets[i];
        }

        var network = table.Range.Network;
        return 8 * octets.Length >= network.PrefixLength && network.Contains(new IPAddress(bytes));
    }
}
