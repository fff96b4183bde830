using System.Net.Sockets;

namespace Fairlead.Hosting;

/// <summary>What to say and to do where an address cannot be listened at: it depends on why. Stateless.</summary>
public static class ListenTrouble
{
    /// <summary>The message of an address that is known: where, why, and the remedy as an imperative.</summary>
    /// <param name="where">The place, such as <c>cannot listen at 127.0.0.1:1</c>.</param>
    /// <param name="error">What the server or the socket threw.</param>
    /// <param name="other">How to choose another address, such as <c>change admin</c>.</param>
    public static string At(string where, Exception error, string other)
    {
        ArgumentNullException.ThrowIfNull(error);
        return $"{where}: {(Socket(error)?.Message ?? error.Message).TrimEnd('.')}; {Remedy(error, other)}";
    }

    /// <summary>The message of one of several addresses: which one it was says the server.</summary>
    /// <param name="error">What the server threw.</param>
    /// <param name="other">How to choose another address.</param>
    public static string Of(Exception error, string other)
    {
        ArgumentNullException.ThrowIfNull(error);
        return $"cannot listen: {error.Message.TrimEnd('.')}; {Remedy(error, other)}";
    }

    private static string Remedy(Exception error, string other) => Socket(error)?.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"end what uses the address, or {other}",
        SocketError.AccessDenied =>
            $"a port below 1024 takes the capability CAP_NET_BIND_SERVICE: give it to the program, or {other}",
        SocketError.AddressNotAvailable => $"this machine has no such address: {other}",
        _ => other,
    };

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
