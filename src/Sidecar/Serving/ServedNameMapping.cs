using System.Collections.Immutable;
using System.Globalization;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>What a cached name means to clients. Pure.</summary>
internal static class ServedNameMapping
{
    // What a publisher writes of sessionAffinity.
    private const string AffinityKey = "affinity";
    private const string ClientIp = "client-ip";

    // Of the life of an answer, how much of its end connections of TCP are not left to a sidecar that may be lost: less
    // than what is left of it when it is renewed as a rule.
    private const int LeadShare = 6;

    // Shorter streams would be requests that fail. It is no more than the clocks of segments may differ by.
    private static readonly TimeSpan StreamLeast = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LeadMost = TimeSpan.FromSeconds(2.5);

    /// <summary>The input of the translation.</summary>
    /// <param name="cached">The name.</param>
    /// <param name="tls">What clients have for mutual TLS; null for nothing.</param>
    internal static ServedName Map(CachedName cached, ClientTls? tls = null)
    {
        if (!cached.Members.IsEmpty)
        {
            return ServedSetMapping.Map(cached, tls);
        }

        // Ports outlive the answer: a cluster that clients hold is emptied, never taken away.
        var ports = PortsOf(cached.LastRecord);
        if (!cached.IsServed || cached.Answer is not { Record: { } record } answer)
        {
            return ServedName.Without(cached.Name, ReasonOf(cached), ports);
        }

        var reached = ReachedEndpoints.Of(answer);
        var peers = ServedTlsMapping.Of(answer, reached, tls);
        var endpoints = ServedTlsMapping.Known(reached.Select(EndpointOf), peers);
        var provenance = new Provenance(
            answer.Target.Name.Text,
            answer.Target.Epoch.Value.Number,
            record.Version,
            DateTimeOffset.FromUnixTimeMilliseconds(cached.SealedSince)
                .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            cached.State == NameState.Stale);
        return new ServedName(cached.Name, null, ports, endpoints, provenance)
        {
            Tls = peers,
            EndpointsLeftOut = reached.Count - endpoints.Length,
            PortsLeftOut = record.Ports.Length - ports.Length,
            IsSticky = record.Ext.TryGetValue(AffinityKey, out var affinity) && affinity == ClientIp,
            StrictUntil = EndOf(cached),
            StrictLead = LeadOf(cached),
            StreamMax = cached.IsStrict ? StreamMaxOf(record) : null,
        };
    }

    /// <summary>When the endpoints of a strict name end, whatever becomes of the sidecar; null of any other name. Of a
    /// Set it is the end of its own answer.</summary>
    internal static TimeSpan? EndOf(CachedName cached) =>
        cached.IsStrict ? TimeSpan.FromMilliseconds(Math.Max(0, cached.EndsAt)) : null;

    /// <summary>How long before that connections of TCP end.</summary>
    internal static TimeSpan LeadOf(CachedName cached)
    {
        var share = TimeSpan.FromMilliseconds(Math.Max(0, cached.EndsAt - cached.VerifiedAt)) / LeadShare;
        return !cached.IsStrict ? TimeSpan.Zero : share < LeadMost ? share : LeadMost;
    }

    /// <summary>How long a stream to a name may be open, by the newest record that it had; null where it was not
    /// strict then.</summary>
    internal static TimeSpan? StreamMaxOf(CachedName cached) =>
        cached.LastRecord is { } record && (cached.WasStrict || cached.IsStrict)
            ? StreamMaxOf(record)
            : null;

    private static TimeSpan StreamMaxOf(Record record)
    {
        var max = TimeSpan.FromMilliseconds(Math.Min(record.TtlMax, Limits.TtlMax));
        return max > StreamLeast ? max : StreamLeast;
    }

    /// <summary>The ports that the name has, or had when it was last served.</summary>
    internal static ImmutableArray<ServedPort> PortsOf(CachedName cached) =>
        cached.Members.IsEmpty ? PortsOf(cached.LastRecord) : ServedSetMapping.PortsOf(cached);

    /// <summary>Why nothing is served of a name that is not.</summary>
    internal static string ReasonOf(CachedName cached) => cached.State switch
    {
        NameState.Absent => Reasons.Absent,
        NameState.Denied => Reasons.Denied,
        NameState.Expired => Reasons.Expired,
        NameState.Unreachable => ReasonOf(FailureKinds.Of(cached), cached.Refused is not null),
        _ => Reasons.Pending,
    };

    // What was never held and cannot be reached may still be held by clients: they are told nothing yet. What every
    // anchor was asked for, and failed a check, they would use without end and without anybody's word.
    private static string ReasonOf(FailureKind? kind, bool isRefused) => kind switch
    {
        FailureKind.Room => Reasons.Unreachable,
        FailureKind.Identity when isRefused => Reasons.NoIdentity,
        FailureKind.Answer when isRefused => Reasons.Refused,
        _ => Reasons.Pending,
    };

    /// <summary>The ports of a record that are served; none of no record.</summary>
    internal static ImmutableArray<ServedPort> PortsOf(Record? record) =>
        record is null
            ? []
            : [.. RecordPorts.Of(record).Select(i => record.Ports[i])
                .Select(port => new ServedPort(port.Name, (int)port.Number, port.Protocol))];

    private static ServedEndpoint EndpointOf(ReachedEndpoint endpoint) => new(
        endpoint.Address,
        endpoint.Ports,
        endpoint.Region,
        endpoint.Zone,
        (uint)endpoint.Weight,
        endpoint.State switch
        {
            EndpointState.Unready => ServedHealth.Unready,
            EndpointState.Draining => ServedHealth.Draining,
            _ => ServedHealth.Healthy,
        })
    {
        Peer = ServedTlsMapping.PeerOf(endpoint),
    };
}
