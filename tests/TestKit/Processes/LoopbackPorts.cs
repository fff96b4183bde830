using System.Net;
using System.Net.Sockets;

namespace Fairlead.TestKit.Processes;

/// <summary>Ports of the loopback address for programs that are told theirs, or that stop for a while and come back.
/// Thread-safe.</summary>
public static class LoopbackPorts
{
    private const int First = 10_240;
    private const int Count = 22_000;

    private static int _last = Environment.ProcessId * 61;

    /// <summary>So many that nobody uses now, and that this process was not given before. Below the range from which
    /// connections take theirs (ip_local_port_range): they stay free until somebody asks for them by name.</summary>
    public static List<int> Take(int count)
    {
        var ports = new List<int>();
        while (ports.Count < count)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _last) % Count);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                ports.Add(port);
            }
            catch (SocketException)
            {
                // Somebody else's.
            }
        }

        return ports;
    }
}
