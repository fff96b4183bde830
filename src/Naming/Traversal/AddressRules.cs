using System.Collections.Immutable;
using System.Net;

namespace Fairlead.Naming.Traversal;

/// <summary>V53's question about one address of a foreign segment: may a consumer of the home be sent there?
/// Pure.</summary>
/// <param name="scope">What the home's Scope leaf for that segment lists; null where there is no such leaf.</param>
/// <param name="own">The home's own networks.</param>
/// <param name="requireScope">The home's policy admits nothing without a Scope leaf.</param>
/// <param name="unsafeLoopback">Development only: loopback addresses need no Scope leaf.</param>
internal sealed class AddressRules(
    ImmutableArray<IPNetwork>? scope, ImmutableArray<IPNetwork> own, bool requireScope, bool unsafeLoopback)
{
    private static readonly ImmutableArray<IPNetwork> Loopback =
        [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    private static readonly ImmutableArray<IPNetwork> Special =
    [
        IPNetwork.Parse("0.0.0.0/8"),
        IPNetwork.Parse("169.254.0.0/16"),
        IPNetwork.Parse("224.0.0.0/4"),
        IPNetwork.Parse("255.255.255.255/32"),
        IPNetwork.Parse("::/128"),
        IPNetwork.Parse("fe80::/10"),
        IPNetwork.Parse("ff00::/8"),
        IPNetwork.Parse("::ffff:0:0/96"),
    ];

    /// <summary>Why the address must not be used, or null.</summary>
    internal string? Refuse(IPAddress address)
    {
        if (unsafeLoopback && Contains(Loopback, address))
        {
            return null;
        }

        if (scope is { } listed)
        {
            return Contains(listed, address) ? null : $"{address} is not in the networks of its Scope";
        }

        if (requireScope)
        {
            return $"{address}: the home's policy requires a Scope, and there is none";
        }

        if (Contains(Loopback, address) || Contains(Special, address))
        {
            return $"{address} is a reserved address, and there is no Scope";
        }

        return Contains(own, address) ? $"{address} is one of the home's own, and there is no Scope" : null;
    }

    private static bool Contains(ImmutableArray<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.BaseAddress.AddressFamily == address.AddressFamily && IsWithin(network, address))
            {
                return true;
            }
        }

        return false;
    }

    // By bytes: the BCL compares an IPv4-mapped address as the IPv4 address it stands for, which here it must not pass
    // as.
    private static bool IsWithin(IPNetwork network, IPAddress address)
    {
        Span<byte> first = stackalloc byte[16];
        Span<byte> second = stackalloc byte[16];
        network.BaseAddress.TryWriteBytes(first, out _);
        address.TryWriteBytes(second, out _);
        for (var bit = 0; bit < network.PrefixLength; bit++)
        {
            if (((first[bit >> 3] ^ second[bit >> 3]) & (0x80 >> (bit & 7))) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
