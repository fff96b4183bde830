using System.Net.Sockets;

namespace Fairlead.Hosting;

/// <summary>What to do where an address cannot be listened at: it depends on why. Stateless.</summary>
public static class ListenTrouble
{
    /// <summary>Why, for people.</summary>
    /// <param name="error">What the server or the socket threw.</param>
    public static string Reason(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return (Socket(error)?.Message ?? error.Message).TrimEnd('.');
    }

    /// <summary>The remedy, as an imperative.</summary>
    /// <param name="error">What the server or the socket threw.</param>
    /// <param name="other">How to choose another address, such as <c>change admin</c>.</param>
    public static string Remedy(Exception error, string other)
    {
        ArgumentNullException.ThrowIfNull(error);
        return Socket(error)?.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"end what uses the address, or {other}",
            SocketError.AccessDenied =>
                $"a port below 1024 takes the capability CAP_NET_BIND_SERVICE: give it to the program, or {other}",
            SocketError.AddressNotAvailable => $"this machine has no such address: {other}",
            _ => other,
        };
    }

    private static SocketException? Socket(Exception error)
    {
        for (Exception? at = error; at is not null; at = at.InnerException)
        {
            if (at is SocketException socket)
            {
                return socket;
            }
        }

        return null;
    }
}
