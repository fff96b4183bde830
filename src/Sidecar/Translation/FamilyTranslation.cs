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
    /// <summary>The name with the endpoints that can be reached; with all of them where none could be, since what
    /// translates addresses on the way may not be known here.</summary>
    internal static ServedName Reachable(ServedName name, AddressFamilies families)
    {
        if (name.Tcp is { } tcp)
        {
            name = name with { Tcp = Reachable(tcp, families) };
        }

        var left = families == AddressFamilies.Both
            ? name.Endpoints
            : name.Endpoints.RemoveAll(endpoint => !IsReachable(endpoint.Address, families));
        return left.IsEmpty || left.Length == name.Endpoints.Length ? name : name with { Endpoints = left };
    }

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
