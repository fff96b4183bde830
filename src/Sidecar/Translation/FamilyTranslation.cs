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

/// <summary>
/// Leaves out endpoints that this pod has no address to reach from. A pod of a dual-stack Service is an endpoint at
/// each of its addresses, in slices of their own that nothing joins: a client that has one family alone would send half
/// of its requests nowhere. Pure.
/// </summary>
internal static class FamilyTranslation
{
    /// <summary>The name with the endpoints that can be reached. Where none could be at a port, of one of a set's
    /// members, those all stay: what translates addresses on the way may not be known here.</summary>
    internal static ServedName Reachable(ServedName name, AddressFamilies families)
    {
        if (families == AddressFamilies.Both)
        {
            return name;
        }

        var tcp = name.Tcp is { } told ? Reachable(told, families) : null;
        var others = name.Endpoints.Where(one => !IsReachable(one.Address, families)).ToHashSet();
        var reached = others.Count == 0 ? [] : name.Endpoints
            .Where(one => one.Health != ServedHealth.Ending && !others.Contains(one))
            .SelectMany(one => one.Ports.Select((port, i) => (Member: one.Member?.Name, Index: port > 0 ? i : -1)))
            .ToHashSet();
        return reached.Count == 0 ? name with { Tcp = tcp } : name with
        {
            Tcp = tcp,
            Endpoints = [.. name.Endpoints.Select(one => others.Contains(one) ? Without(one, reached) : one)
                .Where(one => one.Ports.Any(port => port > 0))],
        };
    }

    // At the ports at which others of its member can be reached.
    private static ServedEndpoint Without(ServedEndpoint endpoint, HashSet<(string? Member, int Index)> reached) =>
        endpoint with
        {
            Ports = [.. endpoint.Ports.Select(
                (port, i) => reached.Contains((endpoint.Member?.Name, i)) ? 0 : port)],
        };

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
