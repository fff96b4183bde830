using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Sidecar.Dns;

/// <summary>Makes records of the types that are answered here. Pure, thread-safe.</summary>
internal static class DnsData
{
    /// <summary>A or AAAA, by the address (RFC 1035 section 3.4.1, RFC 3596).</summary>
    internal static DnsRecord Address(DnsName owner, uint ttl, IPAddress address) => Make(
        owner,
        address.AddressFamily == AddressFamily.InterNetworkV6 ? DnsType.AAAA : DnsType.A,
        ttl,
        address.GetAddressBytes());

    /// <summary>SRV (RFC 2782); the target is never compressed.</summary>
    internal static DnsRecord Service(DnsName owner, uint ttl, ushort weight, int port, DnsName target)
    {
        var data = new byte[6 + target.Wire.Length];
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(2), weight);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(4), (ushort)port);
        target.Wire.CopyTo(data.AsSpan(6));
        return Make(owner, DnsType.SRV, ttl, data);
    }

    /// <summary>TXT: each text a string of at most 255 bytes; a longer one is cut (RFC 1035 section 3.3.14).</summary>
    internal static DnsRecord Texts(DnsName owner, uint ttl, IEnumerable<string> texts) =>
        Make(owner, DnsType.TXT, ttl, [.. texts.SelectMany(CharacterString)]);

    /// <summary>PTR.</summary>
    internal static DnsRecord Pointer(DnsName owner, uint ttl, DnsName target) =>
        Make(owner, DnsType.PTR, ttl, target.Wire.ToArray());

    /// <summary>The answer to ANY that says that there is none (RFC 8482 section 4.2).</summary>
    internal static DnsRecord NotAny(DnsName owner, uint ttl) =>
        Make(owner, DnsType.HINFO, ttl, [.. CharacterString("RFC8482"), .. CharacterString("")]);

    /// <summary>
    /// SOA. Its minimum is the life of a negative answer; the other numbers are for secondaries, which do not exist.
    /// </summary>
    /// <param name="zone">The zone's apex, which is also its primary's name.</param>
    /// <param name="ttl">Seconds, and the minimum (RFC 2308 section 5).</param>
    internal static DnsRecord Authority(DnsName zone, uint ttl)
    {
        var mailbox = zone.Child("hostmaster") ?? zone;
        var data = new byte[zone.Wire.Length + mailbox.Wire.Length + 20];
        zone.Wire.CopyTo(data);
        mailbox.Wire.CopyTo(data.AsSpan(zone.Wire.Length));
        var numbers = data.AsSpan(zone.Wire.Length + mailbox.Wire.Length);
        ReadOnlySpan<uint> values = [1, 7200, 1800, 86400, ttl];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(numbers[(4 * i)..], values[i]);
        }

        return Make(zone, DnsType.SOA, ttl, data);
    }

    private static DnsRecord Make(DnsName owner, DnsType type, uint ttl, byte[] data) =>
        new(owner, type, DnsClass.IN, ttl, data);

    private static byte[] CharacterString(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var length = Math.Min(bytes.Length, byte.MaxValue);
        return [(byte)length, .. bytes.AsSpan(0, length)];
    }
}
