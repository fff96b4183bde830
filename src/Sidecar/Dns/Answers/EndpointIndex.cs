using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// What questions look up among a service's endpoints, made once for each view of it: the work of a question must not
/// grow with the endpoints that a segment publishes. Immutable, thread-safe.
/// </summary>
internal sealed class EndpointIndex
{
    private static readonly ConditionalWeakTable<ServiceView, EndpointIndex> Made = [];

    private readonly Lazy<ImmutableArray<TargetGroup>> _targets;
    private readonly Lazy<FrozenDictionary<(string Label, string? Cluster), AddressList>> _hosts;

    private EndpointIndex(ServiceView service)
    {
        var ready = service.Endpoints.Where(IsUsable).ToList();
        var best = ready.Count == 0 ? 0 : ready.Min(endpoint => endpoint.Priority);

        // Of the best priority that has one: an address has no order of its own.
        ready.RemoveAll(endpoint => endpoint.Priority != best);
        Ready = AddressList.Of(ready);
        IsBehind = service.Endpoints.Any(endpoint => endpoint is { IsReady: true, IsInReach: false });
        Clusters = service.Endpoints.Select(endpoint => endpoint.Cluster).OfType<string>().ToFrozenSet();
        _targets = new(() => TargetsOf(ready));
        _hosts = new(() => HostsOf(service.Endpoints));
    }

    /// <summary>The addresses of the endpoints that take requests.</summary>
    internal AddressList Ready { get; }

    /// <summary>Whether endpoints that take requests are reached through a gateway alone.</summary>
    internal bool IsBehind { get; }

    /// <summary>The labels of the segments that contribute endpoints.</summary>
    internal FrozenSet<string> Clusters { get; }

    /// <summary>The endpoints that take requests, each name once, by the ports that they serve.</summary>
    internal ImmutableArray<TargetGroup> Targets => _targets.Value;

    /// <summary>The index of a view.</summary>
    internal static EndpointIndex Of(ServiceView service) =>
        Made.GetValue(service, static one => new EndpointIndex(one));

    /// <summary>The addresses that take requests of the endpoints of this label, in one segment or in any; null where
    /// none has it.</summary>
    internal AddressList? Find(string label, string? cluster) => _hosts.Value.GetValueOrDefault((label, cluster));

    private static bool IsUsable(HostView endpoint) => endpoint is { IsReady: true, IsInReach: true };

    private static ImmutableArray<TargetGroup> TargetsOf(List<HostView> ready) =>
    [
        .. ready.GroupBy(endpoint => endpoint.Ports, PortsComparer.Instance).Select(group => new TargetGroup(
            group.Key, [.. group.DistinctBy(endpoint => (endpoint.Label, endpoint.Cluster, endpoint.Weight))])),
    ];

    private static FrozenDictionary<(string, string?), AddressList> HostsOf(ImmutableArray<HostView> endpoints) =>
        endpoints.Select(endpoint => (endpoint.Label, endpoint.Cluster, Endpoint: endpoint))
            .SelectMany(one => one.Cluster is null ? [one] : new[] { one, one with { Cluster = null } })
            .GroupBy(one => (one.Label, one.Cluster), one => one.Endpoint)
            .ToFrozenDictionary(group => group.Key, group => AddressList.Of(group.Where(IsUsable)));

    private sealed class PortsComparer : IEqualityComparer<ImmutableArray<int>>
    {
        internal static readonly PortsComparer Instance = new();

        public bool Equals(ImmutableArray<int> x, ImmutableArray<int> y) => x.AsSpan().SequenceEqual(y.AsSpan());

        public int GetHashCode(ImmutableArray<int> ports)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(ports.AsSpan()));
            return hash.ToHashCode();
        }
    }
}

/// <summary>Addresses, each once. Immutable.</summary>
internal sealed record AddressList(ImmutableArray<IPAddress> Ipv4, ImmutableArray<IPAddress> Ipv6)
{
    internal bool IsEmpty => Ipv4.IsEmpty && Ipv6.IsEmpty;

    internal static AddressList Of(IEnumerable<HostView> endpoints)
    {
        var families = endpoints.Select(endpoint => endpoint.Address).Distinct()
            .ToLookup(address => address.AddressFamily);
        return new AddressList(
            [.. families[AddressFamily.InterNetwork]], [.. families[AddressFamily.InterNetworkV6]]);
    }
}

/// <summary>Endpoints that serve the same ports. Immutable.</summary>
/// <param name="Ports">Their port for each of the service's, in their order; 0 for one that they do not serve.</param>
/// <param name="Endpoints">One for each name and weight.</param>
internal sealed record TargetGroup(ImmutableArray<int> Ports, ImmutableArray<HostView> Endpoints);
