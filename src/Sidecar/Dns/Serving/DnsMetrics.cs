using System.Diagnostics.Metrics;

namespace Fairlead.Sidecar.Dns;

/// <summary>Counts answers by where they came from and what they said. Thread-safe.</summary>
internal static class DnsMetrics
{
    internal const string MeterName = "Fairlead.Sidecar.Dns";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Answers =
        Meter.CreateCounter<long>("fairlead.dns.answers", "{answer}", "answers by transport, source and response code");

    private static readonly Counter<long> Dropped =
        Meter.CreateCounter<long>("fairlead.dns.dropped", "{message}", "messages that are no questions");

    internal static void Answered(bool isUdp, bool isForwarded, DnsRcode rcode) => Answers.Add(
        1,
        new("transport", isUdp ? "udp" : "tcp"),
        new("source", isForwarded ? "forwarded" : "local"),
        new("rcode", rcode.ToString()));

    internal static void Drop() => Dropped.Add(1);
}
