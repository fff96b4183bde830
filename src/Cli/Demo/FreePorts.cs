using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Cli.Demo;

/// <summary>Loopback ports that were free a moment ago.</summary>
internal static class FreePorts
{
    /// <summary>The first <paramref name="count"/> free ones of a range.</summary>
    /// <exception cref="CliException">There are fewer.</exception>
    internal static IReadOnlyList<int> Take(int count, int first, int length)
    {
        List<int> free = [.. Enumerable.Range(first, length)
            .Where(port => IsFree(new IPEndPoint(IPAddress.Loopback, port))).Take(count)];
        return free.Count == count
            ? free
            : throw new CliException(ExitCode.Usage, string.Create(
                CultureInfo.InvariantCulture,
                $"of the ports 127.0.0.1:{first} to {first + length - 1} only {free.Count} are free, "
                + $"{count} are needed; end the processes that listen there (ss -ltnp)"));
    }

    /// <summary>Whether a port can be listened on now.</summary>
    internal static bool IsFree(IPEndPoint address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
