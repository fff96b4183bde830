using System.Net;
using System.Net.Sockets;
using Fairlead.Naming;

namespace Fairlead.Anchor.Identities;

/// <summary>Where a call comes from, for those who count callers, hashed. Immutable.</summary>
/// <param name="Address">The IPv4 address, or the /64 of the IPv6 address: whoever has one address of it has all. The
/// default where there is none.</param>
/// <param name="Site">The /48 of the IPv6 address, which has 65,536 of these; the default for others.</param>
internal readonly record struct CallOrigin(Digest Address, Digest Site)
{
    private const int AddressBytes = 8;
    private const int SiteBytes = 6;

    /// <summary>The origin of a call.</summary>
    /// <param name="peer">As <c>ipv4:10.0.0.1:1234</c> or <c>ipv6:[2001:db8::1]:1234</c>; of an IPv4 address that a
    /// socket of both families shows as an IPv6 one, the former.</param>
    internal static CallOrigin Of(string peer)
    {
        var colon = peer.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !IPEndPoint.TryParse(peer.AsSpan(colon + 1), out var at))
        {
            return default;
        }

        var address = at.Address.IsIPv4MappedToIPv6 ? at.Address.MapToIPv4() : at.Address;
        var bytes = address.GetAddressBytes();
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? new CallOrigin(Digest.Sha256(bytes.AsSpan(0, AddressBytes)), Digest.Sha256(bytes.AsSpan(0, SiteBytes)))
            : new CallOrigin(Digest.Sha256(bytes), default);
    }
}
