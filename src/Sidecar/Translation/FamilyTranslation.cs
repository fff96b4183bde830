using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Sidecar.Translation;

/// <summary>The addresses that a client can reach.</summary>
internal enum AddressFamilies
{
    /// <summary>Those of both families.</summary>
    Both,

    /// <summary>Those of IPv4 alone.</summary>
    Ipv4,

    /// <summary>Those of IPv6 alone.</summary>
    Ipv6,
}

/// <summary>What this rule asks of an endpoint, whoever is told of it. Immutable.</summary>
/// <typeparam name="TSelf">The endpoint.</typeparam>
internal interface IReachable<TSelf>
    where TSelf : IReachable<TSelf>
{
    /// <summary>An IPv4 or IPv6 literal.</summary>
    string Address { get; }

    /// <summary>Its port for each of the service's ports; 0 for one that it does not serve.</summary>
    ImmutableArray<int> Ports { get; }

    /// <summary>The member of a set that contributes it; null in a name of one segment.</summary>
    string? MemberName { get; }

    /// <summary>Whether it takes no new requests and never will again.</summary>
    bool IsLeaving { get; }

    /// <summary>The same with other ports.</summary>
    TSelf At(ImmutableArray<int> ports);
}

/// <summary>
/// Leaves out endpoints that this pod has no address to reach from. A pod of a dual-stack Service is an endpoint at
/// each of its addresses, in slices of their own that nothing joins: a client that has one family alone would send half
/// of its requests nowhere. Pure.
/// </summary>
internal static class FamilyTranslation
{
    /// <summary>The name with the endpoints that can be reached.</summary>
    internal static ServedName Reachable(ServedName name, AddressFamilies families) =>
        families == AddressFamilies.Both ? name : name with
        {
            Tcp = name.Tcp is { } told ? Reachable(told, families) : null,
            Endpoints = Reachable(name.Endpoints, families),
        };

    /// <summary>The endpoints that can be reached. Where none could be at a port, of one of a set's members, those all
    /// stay: what translates addresses on the way may not be known here.</summary>
    internal static ImmutableArray<T> Reachable<T>(ImmutableArray<T> endpoints, AddressFamilies families)
        where T : class, IReachable<T>
    {
        var others = endpoints.Where(one => !IsReachable(one.Address, families)).ToHashSet();
        if (others.Count == 0)
        {
            return endpoints;
        }

        var reached = endpoints.Where(one => !one.IsLeaving && !others.Contains(one))
            .SelectMany(one => one.Ports.Select((port, i) => (one.MemberName, Index: port > 0 ? i : -1))).ToHashSet();
        return reached.Count == 0 ? endpoints :
        [
            .. endpoints.Select(one => others.Contains(one) ? Without(one, reached) : one)
                .Where(one => one.Ports.Any(port => port > 0)),
        ];
    }

    // At the ports at which others of its member can be reached.
    private static T Without<T>(T endpoint, HashSet<(string? MemberName, int Index)> reached)
        where T : IReachable<T> =>
        endpoint.At([.. endpoint.Ports.Select((port, i) => reached.Contains((endpoint.MemberName, i)) ? 0 : port)]);

    /// <summary>The families in which a pod has an address that leads out of it; both where it has none.</summary>
    internal static AddressFamilies Of(IEnumerable<IPAddress> own)
    {
        var families = own.Where(LeadsOut).Select(address => address.AddressFamily).Distinct().ToList();
        return families is not [var only] ? AddressFamilies.Both
            : only == AddressFamily.InterNetwork ? AddressFamilies.Ipv4 : AddressFamilies.Ipv6;
    }

    /// <summary>Whether a pod of these families can reach an address.</summary>
    internal static bool IsReachable(string address, AddressFamilies families) =>
        families == AddressFamilies.Both || !IPAddress.TryParse(address, out var ip) || IPAddress.IsLoopback(ip)
        || (ip.AddressFamily == AddressFamily.InterNetwork) == (families == AddressFamilies.Ipv4);

    // A link's own addresses (RFC 3927, RFC 4291 2.5.6) reach nothing beyond it.
    private static bool LeadsOut(IPAddress address) => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal
        && !(address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..]);
}
