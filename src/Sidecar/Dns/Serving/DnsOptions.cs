using System.Collections.Immutable;
using System.Net;

namespace Fairlead.Sidecar.Dns;

/// <summary>What the DNS part of a sidecar starts from. Immutable.</summary>
internal sealed record DnsOptions
{
    /// <value>Where to listen, UDP and TCP; port 0 takes one that is free for both. Default 127.0.0.1:16053.</value>
    internal IPEndPoint Address { get; init; } = new(IPAddress.Loopback, 16053);

    /// <value>Where to forward what is not answered here; empty refuses it.</value>
    internal required ImmutableArray<IPEndPoint> Upstreams { get; init; }

    /// <value>The names that are answered here.</value>
    internal required DnsZones Zones { get; init; }

    /// <value>The longest TTL that clients are told, in seconds; of negatives too. Default 5, as in Kubernetes: what a
    /// client caches is out of reach of every revocation.</value>
    internal uint TtlMax { get; init; } = 5;

    /// <value>The bounds of the names kept for DNS.</value>
    internal AskedNamesOptions Names { get; init; } = new();

    /// <value>The bounds of forwarding.</value>
    internal ForwarderOptions Forwarding { get; init; } = new();

    /// <value>How many questions may wait for traversals at once, and how many for upstreams. Default 512.</value>
    internal int WaitingMax { get; init; } = 512;

    /// <value>How many TCP connections are served at once. Default 64; a further one is closed.</value>
    internal int ConnectionsMax { get; init; } = 64;

    /// <value>How many questions of one connection are worked on at once. Default 16.</value>
    internal int PipelineMax { get; init; } = 16;

    /// <value>How long a connection may take to send its next question, or to take an answer. Default 10 s.</value>
    internal TimeSpan ConnectionIdle { get; init; } = TimeSpan.FromSeconds(10);
}
