using System.Buffers.Binary;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// A client's question as it is put to an upstream: an id and a spelling of its own, which an answer must repeat (RFC
/// 5452 section 9; 0x20), and nothing of the client's EDNS but the DO bit. Immutable, thread-safe.
/// </summary>
internal sealed class UpstreamQuery
{
    private readonly DnsMessage _client;
    private readonly DnsMessage _sent;

    /// <summary>Draws id and spelling.</summary>
    /// <param name="client">A query with one question.</param>
    /// <param name="isUdp">Whether it goes in a datagram.</param>
    /// <param name="random">Not used after.</param>
    internal UpstreamQuery(DnsMessage client, bool isUdp, Random random)
    {
        const int Passed = DnsHeader.RecursionDesired | DnsHeader.CheckingDisabled | DnsHeader.AuthenticData;
        _client = client;
        var question = client.Questions[0];
        var size = isUdp ? UdpLimit(client) : Edns.OwnUdpSize;
        _sent = new DnsMessage
        {
            Header = new DnsHeader((ushort)random.Next(0x10000), (ushort)(client.Header.Flags & Passed)),
            Questions = [question with { Name = Respell(question.Name, random) }],
            Edns = client.Edns is { } edns ? new Edns((ushort)size, 0, 0, edns.DnssecOk, []) : null,
        };
        Bytes = DnsWriter.Write(_sent, ushort.MaxValue);
    }

    /// <summary>What is sent.</summary>
    internal byte[] Bytes { get; }

    /// <summary>The spelling that is sent.</summary>
    internal DnsQuestion Question => _sent.Questions[0];

    /// <summary>The largest datagram that a client takes from here, in bytes.</summary>
    internal static int UdpLimit(DnsMessage client) =>
        Math.Clamp(client.Edns?.UdpSize ?? Edns.UdpSizeMin, Edns.UdpSizeMin, Edns.OwnUdpSize);

    /// <summary>Whether these bytes answer this query, whatever the spelling.</summary>
    internal UpstreamMatch Match(ReadOnlySpan<byte> bytes)
    {
        if (!DnsReader.TryRead(bytes, out var response) || response.Header.Id != _sent.Header.Id
            || !response.Header.IsResponse || response.Header.Opcode != 0 || response.Questions is not [var echoed]
            || echoed != Question || (response.Edns is not null && _sent.Edns is null))
        {
            return UpstreamMatch.None;
        }

        return echoed.Name.EqualsExactly(Question.Name) ? UpstreamMatch.Exact : UpstreamMatch.OtherSpelling;
    }

    /// <summary>
    /// A matching response as the client gets it: its own id and spelling; every other byte as the upstream wrote it.
    /// </summary>
    internal byte[] Relay(byte[] response)
    {
        var relayed = (byte[])response.Clone();
        BinaryPrimitives.WriteUInt16BigEndian(relayed, _client.Header.Id);
        // The question comes first and its name is never compressed there, so the spelling is replaced in place, and
        // with it that of every owner which points to it.
        _client.Questions[0].Name.Wire.CopyTo(relayed.AsSpan(DnsReader.HeaderBytes));
        return relayed;
    }

    /// <summary>
    /// Letters in a case drawn for each, at least one of them upper where there is one: so what a client sends in lower
    /// case is never taken for what was sent from here.
    /// </summary>
    internal static DnsName Respell(DnsName name, Random random)
    {
        var wire = name.Wire.ToArray();
        var letters = new List<int>();
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
        {
            letters.AddRange(Enumerable.Range(at + 1, wire[at]).Where(i => char.IsAsciiLetter((char)wire[i])));
        }

        var upper = letters.Count == 0 ? -1 : letters[random.Next(letters.Count)];
        foreach (var i in letters)
        {
            wire[i] = (byte)(i == upper || random.Next(2) == 0 ? wire[i] & ~0x20 : wire[i] | 0x20);
        }

        return DnsName.FromWire(wire);
    }
}

/// <summary>What bytes from an upstream are to a query.</summary>
internal enum UpstreamMatch
{
    /// <summary>Something else; a forgery, or late.</summary>
    None,

    /// <summary>Its answer.</summary>
    Exact,

    /// <summary>
    /// Perhaps its answer, from an upstream that changes the letter case, perhaps a forgery: TCP decides.
    /// </summary>
    OtherSpelling,
}
