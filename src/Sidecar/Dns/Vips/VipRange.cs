using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// The addresses that services get locally (<c>vip_cidr</c>): an IPv4 network of 8 to 30 bits, without its first and
/// last address. Immutable, thread-safe.
/// </summary>
internal sealed class VipRange
{
    private readonly uint _first;

    private VipRange(IPNetwork network)
    {
        Network = network;
        _first = BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes()) + 1;
        Count = (1u << (32 - network.PrefixLength)) - 2;
    }

    /// <summary>127.99.0.0/16: every host takes all of 127.0.0.0/8 for its own, with no interface to set up.</summary>
    internal static VipRange Default { get; } = new(IPNetwork.Parse("127.99.0.0/16"));

    internal IPNetwork Network { get; }

    /// <summary>How many addresses there are.</summary>
    internal uint Count { get; }

    /// <summary>Reads <c>a.b.c.d/bits</c> with no bit set behind the prefix.</summary>
    internal static bool TryParse(string text, [NotNullWhen(true)] out VipRange? range)
    {
        range = IPNetwork.TryParse(text, out var network)
            && network.BaseAddress.AddressFamily == AddressFamily.InterNetwork
            && network.PrefixLength is >= 8 and <= 30
            && network.ToString() == text
            ? new VipRange(network)
            : null;
        return range is not null;
    }

    /// <summary>The address at an index below <see cref="Count"/>.</summary>
    internal IPAddress At(uint index)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, _first + index);
        return new IPAddress(bytes);
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => Network.ToString();

    /// <summary>Whether an address is one that can be given.</summary>
    internal bool Contains(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork
        && BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) - _first < Count;

    /// <summary>Where the search for a free address starts: the same for a name everywhere and for ever.</summary>
    internal uint Start(string name)
    {
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes("fairlead-vip/1\0" + name));
        return (uint)(BinaryPrimitives.ReadUInt64BigEndian(hash) % Count);
    }
}
