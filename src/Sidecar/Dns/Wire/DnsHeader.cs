namespace Fairlead.Sidecar.Dns;

/// <summary>The id and the flags of a message (RFC 1035 section 4.1.1, RFC 4035 section 3). Immutable.</summary>
/// <param name="Id">Chosen by who asks.</param>
/// <param name="Flags">The second word as it travels, the low four bits of the response code included.</param>
internal readonly record struct DnsHeader(ushort Id, ushort Flags)
{
    internal const ushort Response = 0x8000;
    internal const ushort Authoritative = 0x0400;
    internal const ushort Truncated = 0x0200;
    internal const ushort RecursionDesired = 0x0100;
    internal const ushort RecursionAvailable = 0x0080;
    internal const ushort CheckingDisabled = 0x0010;
    internal const ushort AuthenticData = 0x0020;

    /// <summary>What a server must copy from a query into its response.</summary>
    internal const ushort Echoed = OpcodeMask | RecursionDesired | CheckingDisabled;

    private const ushort OpcodeMask = 0x7800;

    internal bool IsResponse => (Flags & Response) != 0;

    internal bool IsTruncated => (Flags & Truncated) != 0;

    /// <summary>0 is QUERY, the only one there is here.</summary>
    internal int Opcode => (Flags & OpcodeMask) >> 11;

    /// <summary>The low four bits of the response code.</summary>
    internal DnsRcode Rcode => (DnsRcode)(Flags & 0xF);
}
