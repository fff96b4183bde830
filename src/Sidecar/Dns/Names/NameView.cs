using System.Collections.Immutable;
using System.Net;
using Fairlead.Naming;
using Fairlead.Resolver;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// What is known of one service's name at one moment: all that a DNS answer is made of. Immutable, thread-safe.
/// </summary>
/// <param name="Name">The full name, in lower case, without a host.</param>
/// <param name="State">What may be done with it.</param>
/// <param name="ExpiresAt">When its time ends, or its continuity where it is stale, in monotonic milliseconds
/// (<see cref="CacheTime.Monotonic"/>).</param>
/// <param name="Service">The verified service; null unless the name was proven to have a record.</param>
/// <param name="Failure">Why the last attempt to learn more failed; null after a success.</param>
internal sealed record NameView(
    string Name, NameState State, long ExpiresAt, ServiceView? Service = null, Refusal? Failure = null)
{
    /// <summary>A name of which nothing is known yet.</summary>
    internal static NameView Pending(string name) => new(name, NameState.Pending, 0);
}

/// <summary>A verified service. Immutable, thread-safe.</summary>
/// <param name="IsHeadless">Whether its endpoints have names of their own, and it has no address.</param>
/// <param name="Ports">Its ports, all over TCP.</param>
/// <param name="Endpoints">The endpoints, ready or not.</param>
/// <param name="Evidence">For people: <c>key=value</c> texts on where this was verified.</param>
internal sealed record ServiceView(
    bool IsHeadless,
    ImmutableArray<ServicePort> Ports,
    ImmutableArray<HostView> Endpoints,
    ImmutableArray<string> Evidence)
{
    /// <summary>How long it may be believed that something is not part of the service, in milliseconds: the
    /// <c>neg_ttl</c> of the segments that say what is (trust 4.6).</summary>
    internal required long NegativeTtl { get; init; }

    /// <summary>Until when that may be believed at the most, in monotonic milliseconds: of a name that several segments
    /// serve, as long as those are proven to be absent that are.</summary>
    internal long NegativesEnd { get; init; } = long.MaxValue;

    /// <summary>Of a name that several segments serve, those of which nothing is proven now, by their label and with
    /// the reason: what none of the others has may be there.</summary>
    internal ImmutableArray<(string Cluster, string Why)> Unproven { get; init; } = [];
}

/// <summary>A port of a service. Immutable.</summary>
/// <param name="Name">Its name, if it has one.</param>
/// <param name="Number">The number that consumers use.</param>
internal sealed record ServicePort(string? Name, int Number);

/// <summary>An endpoint. Immutable.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Host">The label that the record gives it, if any.</param>
/// <param name="Cluster">The label of the segment that contributes it, in a name that several serve; else null.</param>
/// <param name="IsReady">Whether it takes requests.</param>
/// <param name="Weight">Its share of the load, at least 1.</param>
/// <param name="Ports">Its port for each of the service's, in their order; 0 for one that it does not
/// serve.</param>
internal sealed record HostView(
    IPAddress Address, string? Host, string? Cluster, bool IsReady, uint Weight, ImmutableArray<int> Ports)
{
    /// <summary>0 first; of a name that several segments serve.</summary>
    internal int Priority { get; init; }

    /// <summary>Whether it is at its address; one behind a gateway exists and has no address here.</summary>
    internal bool IsInReach { get; init; } = true;

    /// <summary>
    /// The label under which it is found: its own, else its address with dashes, as Kubernetes names such endpoints.
    /// </summary>
    internal string Label => Host ?? IpAddress.Format(Address).Replace('.', '-').Replace(':', '-');
}
