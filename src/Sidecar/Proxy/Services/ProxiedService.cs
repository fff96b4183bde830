using System.Collections.Immutable;
using Fairlead.Identities;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Proxy.Services;

/// <summary>What may be done with a name now.</summary>
internal enum ServiceStatus
{
    /// <summary>Neither answered nor failed yet: requests wait.</summary>
    Pending,

    /// <summary>A verified answer that is in its time, or that continuity allows to use (V58): requests are
    /// forwarded.</summary>
    Served,

    /// <summary>Proven not to exist.</summary>
    Absent,

    /// <summary>A segment on the path refuses this consumer.</summary>
    Denied,

    /// <summary>No answer can be had.</summary>
    Unreachable,

    /// <summary>What was said about it did not verify.</summary>
    Refused,

    /// <summary>More names are used than are held.</summary>
    TurnedAway,

    /// <summary>The anchors do not know who asks.</summary>
    Unidentified,

    /// <summary>An answer was held; its time and its continuity are over.</summary>
    Expired,
}

/// <summary>
/// One name as the proxy needs it: the whole of what a change brings. Immutable; made from verified answers alone.
/// </summary>
/// <param name="Name">The full name, in lower case without a trailing dot.</param>
/// <param name="Status">What may be done with it.</param>
/// <param name="State">The state as users read it: <c>fresh</c>, <c>stale</c>, <c>denied</c> ...</param>
/// <param name="Ports">The service's ports.</param>
/// <param name="Endpoints">Its endpoints, those that take no requests included; empty unless it is served.</param>
/// <param name="Bundles">The trust bundles that its segment sealed, by trust domain; empty in a name that several
/// segments serve, whose endpoints each have their own segment's.</param>
/// <param name="Provenance">Where the endpoints come from; null where there are none.</param>
internal sealed record ProxiedService(
    string Name,
    ServiceStatus Status,
    string State,
    ImmutableArray<ServedPort> Ports,
    ImmutableArray<ProxiedEndpoint> Endpoints,
    ImmutableDictionary<string, TrustBundle> Bundles,
    ProxyProvenance? Provenance)
{
    /// <summary>A name of which nothing can be used.</summary>
    internal static ProxiedService Without(string name, ServiceStatus status, string state) =>
        new(name, status, state, [], [], ImmutableDictionary<string, TrustBundle>.Empty, null);

    /// <summary>The index of the port that a request means; -1 where nothing decides.</summary>
    internal int PortOf(int? number) => BarePorts.IndexOf(Ports, number);
}

/// <summary>Whether an endpoint takes requests, as its cluster says.</summary>
internal enum EndpointReadiness
{
    /// <summary>Yes.</summary>
    Ready,

    /// <summary>Not now.</summary>
    Unready,

    /// <summary>No new ones.</summary>
    Draining,
}

/// <summary>One endpoint. Immutable.</summary>
/// <param name="Address">An IPv4 or IPv6 literal.</param>
/// <param name="Ports">Its port for each of the service's ports, in their order; 0 for one that it does not
/// serve.</param>
/// <param name="Region">Its region; empty where it has none.</param>
/// <param name="Zone">Its zone; empty where it has none.</param>
/// <param name="Weight">Its share of the load, at least 1.</param>
/// <param name="Priority">0 first; of a name that several segments serve.</param>
/// <param name="Readiness">Whether it takes requests.</param>
/// <param name="Identities">The SPIFFE ids of which its certificate must show one; empty for an endpoint without
/// TLS.</param>
internal sealed record ProxiedEndpoint(
    string Address,
    ImmutableArray<int> Ports,
    string Region,
    string Zone,
    uint Weight,
    int Priority,
    EndpointReadiness Readiness,
    ImmutableArray<string> Identities) : IReachable<ProxiedEndpoint>
{
    /// <summary>Where it comes from, in a name that several segments serve; else null.</summary>
    internal ProxyProvenance? Provenance { get; init; }

    /// <summary>Whether its requests end when it is no longer served: its record, or the policy of its segment or of
    /// the home, lets the answer not outlive its time (V58).</summary>
    internal bool IsStrict { get; init; }

    /// <summary>The name that its TLS is asked for: that of the service in its own segment; null for none.</summary>
    internal string? ServerName { get; init; }

    /// <summary>The bundles that its own segment sealed, in a name that several segments serve; null where they are
    /// its service's.</summary>
    internal ImmutableDictionary<string, TrustBundle>? Bundles { get; init; }

    // Members are mapped one by one.
    string? IReachable<ProxiedEndpoint>.MemberName => null;

    bool IReachable<ProxiedEndpoint>.IsLeaving => Readiness == EndpointReadiness.Draining;

    ProxiedEndpoint IReachable<ProxiedEndpoint>.At(ImmutableArray<int> ports) => this with { Ports = ports };
}

/// <summary>Where endpoints come from, for the access log. Immutable.</summary>
/// <param name="Segment">The segment that answered.</param>
/// <param name="Epoch">The number of its epoch.</param>
/// <param name="Seal">The number of its seal.</param>
/// <param name="RecordVersion">The record's version.</param>
internal sealed record ProxyProvenance(string Segment, long Epoch, long Seal, long RecordVersion);
