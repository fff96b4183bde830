namespace Fairlead.Sidecar.Dns;

/// <summary>A whole message. Immutable, thread-safe.</summary>
internal sealed record DnsMessage
{
    internal required DnsHeader Header { get; init; }

    internal IReadOnlyList<DnsQuestion> Questions { get; init; } = [];

    internal IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    internal IReadOnlyList<DnsRecord> Authorities { get; init; } = [];

    /// <summary>The additional records, but for OPT.</summary>
    internal IReadOnlyList<DnsRecord> Additionals { get; init; } = [];

    /// <summary>The OPT record; null where there is none.</summary>
    internal Edns? Edns { get; init; }

    /// <summary>The whole response code.</summary>
    internal DnsRcode Rcode => (DnsRcode)(((Edns?.ExtendedRcode ?? 0) << 4) | (int)Header.Rcode);
}
