using System.Net;
using System.Net.Sockets;
using Fairlead.Hosting;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// Whether an address can be listened at: servers name only the first of several that they cannot have. Stateless.
/// </summary>
internal static class FreeAddress
{
    /// <summary>Why TCP cannot be listened at here; null where it can.</summary>
    internal static string? Trouble(IPEndPoint address) => Try(address)?.Message;

    /// <summary>Checks the address of an option.</summary>
    /// <exception cref="StartException">It cannot be listened at; the message names it and the option.</exception>
    internal static void Check(string key, IPEndPoint address)
    {
        if (Try(address) is { } error)
        {
            throw new StartException(
                ListenTrouble.At($"cannot listen at {address}", error, $"change {key}"), error);
        }
    }

    private static SocketException? Try(IPEndPoint address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(address);
            return null;
        }
        catch (SocketException e)
        {
            return e;
        }
    }
}
