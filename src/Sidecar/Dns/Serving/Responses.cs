using System.Buffers.Binary;

namespace Fairlead.Sidecar.Dns;

/// <summary>Makes the bytes of a response from what it says and what was asked. Pure.</summary>
internal static class Responses
{
    // An address behind a pointer to its owner's name (RFC 1035 section 3.2.1).
    private const int SmallestRecord = 16;

    /// <summary>A number of records that no response to this query holds: whoever has as many tells all that fits, and
    /// that it was not all.</summary>
    internal static int RecordsMax(DnsMessage query, bool isUdp) => (Limit(query, isUdp) / SmallestRecord) + 1;

    /// <summary>
    /// The response: the question as the client spelled it, EDNS exactly where the client has it, and no more bytes
    /// than the client takes.
    /// </summary>
    internal static byte[] Write(DnsMessage query, DnsReply reply, bool isUdp)
    {
        var flags = DnsHeader.Response | DnsHeader.RecursionAvailable | (query.Header.Flags & DnsHeader.Echoed)
            | (reply.IsAuthoritative ? DnsHeader.Authoritative : 0) | ((int)reply.Rcode & 0xF);
        var message = new DnsMessage
        {
            Header = new DnsHeader(query.Header.Id, (ushort)flags),
            Questions = query.Questions is [var one] ? [one] : [],
            Answers = reply.Answers,
            Authorities = reply.Authorities,
            Additionals = reply.Additionals,
            Edns = query.Edns is { } edns
                ? new Edns(Edns.OwnUdpSize, (byte)((int)reply.Rcode >> 4), 0, edns.DnssecOk, reply.Errors)
                : null,
        };
        var bytes = DnsWriter.Write(message, Limit(query, isUdp));
        if (!isUdp)
        {
            // There is no larger transport to turn to: what fits is a subset, and says nothing of truncation.
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), message.Header.Flags);
        }

        return bytes;
    }

    private static int Limit(DnsMessage query, bool isUdp) => isUdp ? UpstreamQuery.UdpLimit(query) : ushort.MaxValue;
}
