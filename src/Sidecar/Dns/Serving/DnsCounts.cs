using Fairlead.Hosting;

namespace Fairlead.Sidecar.Dns;

/// <summary>Counts what DNS said, by response code as people know them (RFC 6895 section 2.3). Thread-safe.</summary>
internal sealed class DnsCounts
{
    /// <summary>Questions that were answered here.</summary>
    internal CounterFamily Answered { get; } = new();

    /// <summary>Questions that an upstream answered.</summary>
    internal CounterFamily Forwarded { get; } = new();

    /// <summary>Messages that are no questions, and get no answer.</summary>
    internal Counter Dropped { get; } = new();

    /// <summary>The label of a code.</summary>
    internal static string LabelOf(DnsRcode rcode) => rcode switch
    {
        DnsRcode.NoError => "NOERROR",
        DnsRcode.FormErr => "FORMERR",
        DnsRcode.ServFail => "SERVFAIL",
        DnsRcode.NXDomain => "NXDOMAIN",
        DnsRcode.NotImp => "NOTIMP",
        DnsRcode.Refused => "REFUSED",
        DnsRcode.BadVers => "BADVERS",
        _ => $"RCODE{(int)rcode}",
    };
}
