using System.Collections.Immutable;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// What is served for one name: the verified service, or why there is none. It is the whole input of the translation,
/// so that equal values give equal resources, byte for byte. Immutable.
/// </summary>
/// <param name="Name">The full name, in lower case without a trailing dot.</param>
/// <param name="Reason">Why nothing is served, one of <see cref="Reasons"/>; null where endpoints are.</param>
/// <param name="Ports">The service's ports; kept when a name expires, is denied or goes away, empty where none was ever
/// known.</param>
/// <param name="Endpoints">The endpoints; empty where <paramref name="Reason"/> is set.</param>
/// <param name="Provenance">Where the endpoints come from; null where there are none, and in a set, whose endpoints
/// each have their member's.</param>
internal sealed record ServedName(
    string Name,
    string? Reason,
    ImmutableArray<ServedPort> Ports,
    ImmutableArray<ServedEndpoint> Endpoints,
    Provenance? Provenance)
{
    /// <summary>Who the endpoints are; null where none has an identity.</summary>
    public ServedTls? Tls { get; init; }

    /// <summary>
    /// Of a name of which nothing is known yet: whether its endpoints had identities when it was last known. Its
    /// clusters are not told on demand before it is known again: they would speak in the clear.
    /// </summary>
    public bool WasGuarded { get; init; }

    /// <summary>Of a strict name: until when its endpoints may be used, as <see cref="Xds.Resource.Until"/>; null for
    /// any other.</summary>
    public TimeSpan? StrictUntil { get; init; }

    /// <summary>Of a strict name: how long a stream to it may be open, since no change of endpoints reaches one that
    /// is; null for any other.</summary>
    public TimeSpan? StreamMax { get; init; }

    /// <summary>How long before <see cref="StrictUntil"/> connections of TCP end, so that a sidecar that is lost from
    /// then on leaves none open.</summary>
    public TimeSpan StrictLead { get; init; }

    /// <summary>Of a name of which nothing is known yet: what tells what its ports of TCP were told last, before a
    /// restart; null where that is not known.</summary>
    public string? Mark { get; init; }

    /// <summary>How many of its ports are not served: a second one of a number, and those beyond the most that a name
    /// may have.</summary>
    public int PortsLeftOut { get; init; }

    /// <summary>How many of its endpoints are not served, since others have used up the identities that a name may
    /// have.</summary>
    public int EndpointsLeftOut { get; init; }

    /// <summary>What ports of TCP are told in the place of all this while connections end that are open to them; null
    /// where they are told the same as others.</summary>
    public ServedName? Tcp { get; init; }

    /// <summary>Whether a client keeps its endpoint as long as that takes requests (<c>sessionAffinity</c>).</summary>
    public bool IsSticky { get; init; }

    /// <summary>
    /// Whether nothing is known yet: clients may hold endpoints since before a restart and are told none, neither more
    /// nor fewer.
    /// </summary>
    internal bool IsPending => Reason == Reasons.Pending;

    /// <summary>Whether endpoints of a port, or of what a name without one means, are not told yet: they will be, or
    /// that there are none.</summary>
    internal bool IsComing(int? port) => IsPending
        || (Tcp is { IsPending: true } tcp && BarePorts.IndexOf(tcp.Ports, port) is >= 0 and var index
            && tcp.Ports[index].Protocol == "tcp");

    /// <summary>Whether nothing was ever verified of it here, and its anchors' answers are refused, or they do not know
    /// who asks: clients use nothing that they hold, and yet this is no answer.</summary>
    internal bool IsRefused => Reason is Reasons.Refused or Reasons.NoIdentity;

    /// <summary>Whether something is known of it, be it from before a restart; else it is only wanted.</summary>
    internal bool IsKnown => !((IsPending || IsRefused) && Ports.IsEmpty);

    /// <summary>A name for which nothing is known yet or any more.</summary>
    internal static ServedName Without(string name, string reason, ImmutableArray<ServedPort> ports) =>
        new(name, reason, ports, [], null);

    /// <summary>The port that the bare name means; null where nothing decides.</summary>
    internal ServedPort? BarePort()
    {
        var index = BarePorts.IndexIn(Ports);
        return index < 0 ? null : Ports[index];
    }
}

/// <summary>One endpoint. Immutable.</summary>
/// <param name="Address">An IPv4 or IPv6 literal.</param>
/// <param name="Ports">Its port for each of the service's ports, in their order; 0 for one that it does not
/// serve.</param>
/// <param name="Region">The region of its slice; empty where it has none.</param>
/// <param name="Zone">Its zone; empty where it has none.</param>
/// <param name="Weight">Its share of the load, at least 1.</param>
/// <param name="Health">Whether it takes requests.</param>
internal sealed record ServedEndpoint(
    string Address, ImmutableArray<int> Ports, string Region, string Zone, uint Weight, ServedHealth Health)
    : IReachable<ServedEndpoint>
{
    /// <summary>The member of a set that contributes it; null in a name of one segment.</summary>
    public ServedMember? Member { get; init; }

    /// <summary>The <see cref="TlsPeer.Id"/> of those whom it must be one of; null where it has no identity.</summary>
    public string? Peer { get; init; }

    string? IReachable<ServedEndpoint>.MemberName => Member?.Name;

    bool IReachable<ServedEndpoint>.IsLeaving => Health is ServedHealth.Draining or ServedHealth.Ending;

    ServedEndpoint IReachable<ServedEndpoint>.At(ImmutableArray<int> ports) => this with { Ports = ports };
}

/// <summary>A member of a name that several segments serve. Immutable.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Priority">0 first.</param>
/// <param name="Weight">Its share of the load within its priority, 1 to 10,000.</param>
/// <param name="Provenance">Where its endpoints come from.</param>
internal sealed record ServedMember(string Name, int Priority, uint Weight, Provenance Provenance)
{
    /// <summary>Whether its endpoints end with its answer, or with the Set's, whatever fails.</summary>
    public bool IsStrict { get; init; }
}

/// <summary>What its cluster says of an endpoint. It never carries a revocation: what is revoked is not listed, at
/// ports of TCP once connections to it have ended.</summary>
internal enum ServedHealth
{
    Healthy,
    Unready,
    Draining,

    /// <summary>It is served no more, and is listed until the connections to it have ended.</summary>
    Ending,
}

/// <summary>
/// Where endpoints come from, as Envoy shows it in <c>/config_dump?include_eds</c>. The current seal's number is not
/// part of it: it would make a new version of every assignment at each seal. Immutable.
/// </summary>
/// <param name="Segment">The segment's full name.</param>
/// <param name="Epoch">The number of the epoch under which the record was verified.</param>
/// <param name="RecordVersion">The record's version.</param>
/// <param name="SealedSince">When the seal under which this version was first seen was issued, RFC 3339.</param>
/// <param name="IsStale">Whether its time is over and continuity allows its endpoints. It stands in the endpoints'
/// metadata and not in the cluster's, where it would cost every connection of the cluster.</param>
internal sealed record Provenance(
    string Segment, long Epoch, long RecordVersion, string SealedSince, bool IsStale = false);
