using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Rpc;

/// <summary>Where a connection comes from, as strangers are counted: whoever has one address of an IPv6 site may have
/// all of it. Immutable.</summary>
/// <param name="Address">The IPv4 address, or the IPv6 address with zeros behind its first 48 bits.</param>
/// <param name="Family">Which of them; unspecified for a connection without an address.</param>
internal readonly record struct StrangerOrigin(UInt128 Address, AddressFamily Family)
{
    private const int HostBits = 128 - 48;

    /// <summary>The origin of a connection; an IPv4 address that a socket of both families shows as an IPv6 one is the
    /// former.</summary>
    public static StrangerOrigin Of(EndPoint? from)
    {
        if (from is not IPEndPoint { Address: var address })
        {
            return default;
        }

        Span<byte> bytes = stackalloc byte[16];
        _ = address.MapToIPv6().TryWriteBytes(bytes, out _);
        var number = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6
            ? new StrangerOrigin(number, AddressFamily.InterNetwork)
            : new StrangerOrigin(number >> HostBits << HostBits, AddressFamily.InterNetworkV6);
    }
}
