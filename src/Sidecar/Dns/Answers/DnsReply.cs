namespace Fairlead.Sidecar.Dns;

/// <summary>What to say to a question, whoever asked and over whatever. Immutable, thread-safe.</summary>
internal sealed record DnsReply(DnsRcode Rcode)
{
    /// <summary>Whether this is the word of who is responsible for the name: an answer, or a proven negative.</summary>
    internal bool IsAuthoritative { get; init; }

    internal IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    internal IReadOnlyList<DnsRecord> Authorities { get; init; } = [];

    internal IReadOnlyList<DnsRecord> Additionals { get; init; } = [];

    internal IReadOnlyList<ExtendedError> Errors { get; init; } = [];

    /// <summary>Records.</summary>
    internal static DnsReply Of(params IReadOnlyList<DnsRecord> answers) =>
        new(DnsRcode.NoError) { IsAuthoritative = true, Answers = answers };

    /// <summary>The name exists and has no such records (RFC 2308 section 2.2).</summary>
    /// <param name="zone">The zone that says so.</param>
    /// <param name="ttl">How long that may be believed, in seconds.</param>
    internal static DnsReply NoData(DnsName zone, uint ttl) => new(DnsRcode.NoError)
    {
        IsAuthoritative = true,
        Authorities = [DnsData.Authority(zone, ttl)],
    };

    /// <summary>The name does not exist, by proof.</summary>
    internal static DnsReply NoName(DnsName zone, uint ttl) => NoData(zone, ttl) with { Rcode = DnsRcode.NXDomain };

    /// <summary>There is no answer, and why.</summary>
    internal static DnsReply Failed(DnsRcode rcode, ExtendedErrorCode code, string text) =>
        new(rcode) { Errors = [new ExtendedError(code, text)] };
}
