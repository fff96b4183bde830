using System.Net;
using System.Net.Sockets;

namespace Fairlead.Cli.Demo;

/// <summary>Loopback ports that were free a moment ago, each handed out once.</summary>
internal static class FreePorts
{
    /// <summary>Takes <paramref name="count"/> ports: all are held open together, so that no two are the same.</summary>
    internal static IReadOnlyList<int> Take(int count)
    {
        var held = new List<Socket>(count);
        try
        {
            for (var i = 0; i < count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                held.Add(socket);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            }

            return held.ConvertAll(socket => ((IPEndPoint)socket.LocalEndPoint!).Port);
        }
        finally
        {
            held.ForEach(socket => socket.Dispose());
        }
    }

    /// <summary>Whether a port can be bound now.</summary>
    internal static bool IsFree(IPEndPoint address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
